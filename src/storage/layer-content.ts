import { closeSync, constants, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, IntegrityError, StorageError } from '../base/errors.ts';
import {
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  type Syscalls,
} from '../native/syscalls.ts';
import { layerPaths, type StoreLayout } from './layout.ts';
import { readTarSplit, type TarSplitRecord } from './tar/tar-split.ts';
import { pathBytes } from './unpack/entry-path.ts';

export interface LayerFilesContext {
  layout: StoreLayout;
  system: Syscalls;
}

export type ContentRecord = TarSplitRecord & { kind: 'content' };

export const LAYER_REPAIR =
  'run `tspod system check --repair`: it fetches the layer again from where its image came from';

/** The files of one layer by the records of its tar-split file. Never leaves the layer. To be closed. */
export class LayerContent {
  readonly #system: Syscalls;
  readonly #replacedPath: string;
  readonly #replaced: ReadonlySet<string>;
  readonly #root: number;

  constructor({ layout, system }: LayerFilesContext, id: string) {
    const paths = layerPaths(layout, id);
    this.#system = system;
    this.#replacedPath = paths.replaced;
    this.#replaced = new Set(existsSync(paths.replaced) ? readdirSync(paths.replaced) : []);
    this.#root = system.openat2(-100, paths.diff, constants.O_RDONLY | constants.O_DIRECTORY, 0, 0);
  }

  /** A descriptor of the caller's; undefined when it is not there. */
  open(record: ContentRecord, mode: number = constants.O_RDONLY): number | undefined {
    const flags = mode | constants.O_NOFOLLOW;
    const name = String(record.ordinal);
    const confined = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
    try {
      return this.#replaced.has(name)
        ? this.#system.openat2(-100, join(this.#replacedPath, name), flags, 0, 0)
        : this.#system.openat2(this.#root, pathBytes(record.path), flags, 0, confined);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
      throw error;
    }
  }

  close(): void {
    closeSync(this.#root);
  }
}

/** The records of a layer, with errors that name it. */
export function* layerRecords({ layout }: LayerFilesContext, id: string): Generator<TarSplitRecord, void> {
  const path = layerPaths(layout, id).tarSplit;
  try {
    yield* readTarSplit(path);
  } catch (error) {
    const details = { cause: error, hint: LAYER_REPAIR };
    if (errnoOf(error) === 'ENOENT')
      throw new StorageError(`layer ${id} cannot be exported: ${path} is missing`, details);
    if (error instanceof IntegrityError)
      throw new IntegrityError(`layer ${id} cannot be exported: ${error.message}`, details);
    throw error;
  }
}

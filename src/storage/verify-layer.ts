import { closeSync, constants, readlinkSync } from 'node:fs';
import { errnoOf, messageOf } from '../base/errors.ts';
import {
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  type RawStat,
  type Syscalls,
  O_PATH,
} from '../native/syscalls.ts';
import { isInUserNamespace } from './drivers/user-namespace.ts';
import { layerPieces } from './export-layer.ts';
import { layerPaths, type StoreLayout } from './layout.ts';
import { type TarEntry, TarReader } from './tar/tar-reader.ts';
import { TarSource } from './tar/tar-source.ts';
import { baseOf, cleanEntryPath, parentOf, pathBytes, printablePath } from './unpack/entry-path.ts';

interface Context {
  layout: StoreLayout;
  system: Syscalls;
}

const FORMATS: Readonly<Record<TarEntry['kind'], number | undefined>> = {
  file: constants.S_IFREG,
  directory: constants.S_IFDIR,
  symlink: constants.S_IFLNK,
  fifo: constants.S_IFIFO,
  char: constants.S_IFCHR,
  block: constants.S_IFBLK,
  hardlink: undefined,
  ignored: undefined,
};

/**
 * What is no longer as the layer's tar had it, undefined when everything is: contents, kinds, sizes, modes, owners, targets of links.
 * Reads all of the layer. Files that the tar does not know are not looked for.
 */
export function layerProblem(context: Context, id: string, diffId: string): string | undefined {
  const { diff } = layerPaths(context.layout, id);
  let root: number | undefined;
  try {
    root = context.system.openat2(-100, diff, O_PATH | constants.O_DIRECTORY, 0, 0);
    const pieces = layerPieces(context, id, diffId);
    const source = new TarSource(() => {
      const { value, done } = pieces.next();
      return done === true ? undefined : value;
    });
    const reader = new TarReader(source, () => {});
    const suspects = new Suspects(context.system, root);
    for (let entry = reader.next(); entry !== undefined; entry = reader.next()) suspects.look(entry);
    return suspects.first();
  } catch (error) {
    return messageOf(error).replace(`layer ${id} was changed on disk: `, '');
  } finally {
    if (root !== undefined) closeSync(root);
  }
}

/** Entries that do not look like what is on disk; a later entry of the same tar may still explain them. */
class Suspects {
  readonly #system: Syscalls;
  readonly #root: number;
  readonly #problems = new Map<string, string>();
  readonly #inUserNamespace = isInUserNamespace();

  constructor(system: Syscalls, root: number) {
    this.#system = system;
    this.#root = root;
  }

  look(entry: TarEntry): void {
    const path = cleanEntryPath(entry.name);
    if (entry.kind === 'ignored' || baseOf(path).startsWith('.wh.')) return;
    // Rootless, devices are left out.
    if (this.#inUserNamespace && (entry.kind === 'char' || entry.kind === 'block')) return;
    this.#problems.delete(path);
    if (entry.kind !== 'directory') this.#forgetBelow(path);
    const problem = this.#problem(entry, path);
    if (problem !== undefined) this.#problems.set(path, problem);
  }

  first(): string | undefined {
    const [found] = this.#problems;
    return found === undefined ? undefined : `${printablePath(found[0])} ${found[1]}`;
  }

  #forgetBelow(path: string): void {
    for (const name of this.#problems.keys()) if (name.startsWith(`${path}/`)) this.#problems.delete(name);
  }

  #problem(entry: TarEntry, path: string): string | undefined {
    const parent = this.#openParent(path);
    if (parent === undefined) return 'is missing';
    try {
      const name = path === '' ? '.' : pathBytes(baseOf(path));
      const stat = this.#system.lstatat(parent, name);
      if (stat === undefined) return 'is missing';
      return (
        this.#difference(entry, stat) ?? (entry.kind === 'symlink' ? target(entry, parent, path) : undefined)
      );
    } finally {
      closeSync(parent);
    }
  }

  /** Links in the path lead where they led when it was unpacked: as if the layer were the root. */
  #openParent(path: string): number | undefined {
    const parent = parentOf(path);
    try {
      const name = parent === '' ? '.' : pathBytes(parent);
      const flags = O_PATH | constants.O_DIRECTORY;
      return this.#system.openat2(this.#root, name, flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
      throw error;
    }
  }

  #difference(entry: TarEntry, stat: RawStat): string | undefined {
    const format = FORMATS[entry.kind];
    // A hard link has what its target has, which comes before it.
    if (format === undefined) return undefined;
    if ((stat.mode & constants.S_IFMT) !== format) return 'is of another kind';
    if (entry.kind === 'file' && stat.size !== entry.size) return 'has another size';
    if (entry.kind !== 'symlink' && (stat.mode & 0o7777) !== entry.mode) return 'has another mode';
    // A user's store may have been told to ignore owners.
    if (!this.#inUserNamespace && (stat.uid !== entry.uid || stat.gid !== entry.gid))
      return 'has another owner';
    return undefined;
  }
}

function target(entry: TarEntry, parent: number, path: string): string | undefined {
  const link = Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), Buffer.from(pathBytes(baseOf(path)))]);
  return readlinkSync(link, { encoding: 'buffer' }).toString('latin1') === entry.linkName
    ? undefined
    : 'leads elsewhere';
}

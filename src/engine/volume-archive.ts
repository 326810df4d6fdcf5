import { constants, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { newId } from '../base/ids.ts';
import { holdVolume, letVolumeGo, processHolder } from '../libpod/volume-mounts.ts';
import { getVolume } from '../libpod/volume.ts';
import { collected } from '../storage/collected.ts';
import { archiveTree } from '../storage/tree/archive-tree.ts';
import { extractTree } from '../storage/tree/extract-tree.ts';
import { FileTree } from '../storage/tree/file-tree.ts';
import type { Engine } from './engine.ts';
import { withSpooledTar } from './spooled-tar.ts';

/** The tar of what is in a volume. */
export async function exportVolume(engine: Engine, name: string): Promise<Generator<Buffer, void>> {
  return archiveOf(await openVolume(engine, name));
}

function* archiveOf({ tree, close }: OpenVolume): Generator<Buffer, void> {
  try {
    yield* collected(archiveTree(tree, '', { name: '' }));
  } finally {
    void close();
  }
}

/** Unpacks a tar, compressed or not, into a volume; what is there under the same names is replaced. */
export async function importVolume(engine: Engine, name: string, input: Readable): Promise<void> {
  const { tree, close } = await openVolume(engine, name);
  try {
    await withSpooledTar(engine, input, (pull) =>
      extractTree(tree, '', pull, { owner: (ids) => ids, devices: true, overwrite: true }),
    );
  } finally {
    await close();
  }
}

interface OpenVolume {
  tree: FileTree;
  close(): Promise<void>;
}

async function openVolume(engine: Engine, name: string): Promise<OpenVolume> {
  const holder = processHolder(newId());
  const mountpoint = await holdVolume(engine, getVolume(engine, name), holder);
  const tree = new FileTree({
    system: engine.syscalls,
    rootFd: openSync(mountpoint, constants.O_RDONLY | constants.O_DIRECTORY),
    mounts: [],
    readOnly: false,
    where: `in volume ${name}`,
  });
  return {
    tree,
    close: async () => {
      tree.close();
      await letVolumeGo(engine, name, holder);
    },
  };
}

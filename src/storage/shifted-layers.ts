import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { errnoOf } from '../base/errors.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { copyTree } from './copy-tree.ts';
import { makeTopDirectory } from './drivers/layer-directory.ts';
import { idMapText, type RootfsIdMaps, shiftOwner } from './id-owners.ts';
import { layerPaths, type StoreLayout } from './layout.ts';

/**
 * Copies of layers whose files have the owners that a user namespace gives them, for where no mount can show them so. Each lies
 * in its layer's own directory and goes with it. One that is there is used again: the same maps on the same layer cost once.
 * Returns directories relative to `layout.layers`, in the order given.
 */
export async function shiftedLayers(
  place: { system: Syscalls; layout: StoreLayout },
  layerIds: readonly string[],
  idMaps: RootfsIdMaps,
): Promise<string[]> {
  const { layout } = place;
  // Loaded here: a start has no need of it otherwise.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const key = createHash('sha256')
    .update(`${idMapText(idMaps.uids)}/${idMapText(idMaps.gids)}`)
    .digest('hex')
    .slice(0, 16);
  const directories: string[] = [];
  for (const id of layerIds) {
    const { diff, shifted } = layerPaths(layout, id);
    const target = join(shifted, key);
    if (!existsSync(target)) await copyShifted(place, { diff, target, idMaps });
    directories.push(relative(layout.layers, target));
  }
  return directories;
}

/** Of this process, several at a time. */
let copies = 0;

/** Made under a temporary name, so that a copy which is there is whole. Two at once both work; the first is kept. */
async function copyShifted(
  { system, layout }: { system: Syscalls; layout: StoreLayout },
  { diff, target, idMaps }: { diff: string; target: string; idMaps: RootfsIdMaps },
): Promise<void> {
  const identity = formatIdentity(ownIdentity()).replaceAll(':', '-');
  const temporary = join(layout.tmp, `shift-${++copies}-${identity}`);
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(layout.tmp, { recursive: true, mode: 0o700 });
  makeTopDirectory(temporary, diff, idMaps);
  try {
    const owner = (uid: number, gid: number) => shiftOwner(idMaps, uid, gid);
    await copyTree(system, diff, temporary, { hardLinks: false, owner });
    crashPoint('shift-after-copy');
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    const code = errnoOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

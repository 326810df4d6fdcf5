import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs';
import { type RootfsIdMaps, shiftOwner } from '../id-owners.ts';

/** podman's choice for images that do not say. */
const ROOT_MODE = 0o555;

/** In a union mount the topmost directory's owner and mode are seen at `/`: a new one takes those of the layer below. */
export function makeTopDirectory(path: string, below: string | undefined, idMaps?: RootfsIdMaps): void {
  const like = below === undefined ? { uid: 0, gid: 0, mode: ROOT_MODE } : statSync(below);
  const owner = idMaps === undefined ? like : shiftOwner(idMaps, like.uid, like.gid);
  mkdirSync(path, { mode: 0o700 });
  if (owner.uid !== 0 || owner.gid !== 0) chownSync(path, owner.uid, owner.gid);
  chmodSync(path, like.mode & 0o7777);
}

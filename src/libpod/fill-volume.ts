import { constants, existsSync, fchmodSync, fchownSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { crashPoint } from '../base/crash-point.ts';
import { messageOf, StorageError } from '../base/errors.ts';
import { syncFileSystem } from '../storage/new-layer.ts';
import { archiveTree } from '../storage/tree/archive-tree.ts';
import { extractTree } from '../storage/tree/extract-tree.ts';
import { FileTree } from '../storage/tree/file-tree.ts';
import type { Libpod } from './context.ts';
import { ownerIn } from './volume-options.ts';
import { lockVolume } from './volume-lock.ts';
import { getVolume, noteCopyUp, type VolumeRecord } from './volume.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/** A directory of an image, open. */
interface Place {
  directory: number;
  destination: string;
}

/**
 * Fills a volume that nobody has put anything into yet, once, however many containers start with it at the same time. What an attempt has
 * left that did not come to its end is written anew.
 */
export async function fillNewVolume(libpod: Libpod, name: string, place: Place): Promise<void> {
  const lock = await lockVolume(libpod, name);
  try {
    const volume = getVolume(libpod, name);
    if (!volume.needsCopyUp) return;
    const { mountpoint, isHalfFilled } = volume;
    const isEmpty = existsSync(mountpoint) && readdirSync(mountpoint).length === 0;
    const hasFiles = readdirSync(`/proc/self/fd/${place.directory}`).length > 0;
    const durable = isHalfFilled || (isEmpty && hasFiles);
    if (isEmpty && hasFiles) noteCopyUp(libpod, name, { state: 'half', durable });
    if (isEmpty || isHalfFilled) await fillVolume(libpod, volume, place);
    if (durable) await syncFileSystem(libpod.syscalls, mountpoint);
    crashPoint('volume-before-filled');
    noteCopyUp(libpod, name, { state: 'done', durable });
  } finally {
    lock.release();
  }
}

/**
 * Copies what is in a directory of an image into a volume, the directory's own owner and mode included, unless the volume's options
 * name an owner. Containers that have the
 * volume may change it meanwhile: nothing is read or written outside of the two. `directory` is a descriptor, and stays the caller's.
 */
export async function fillVolume(
  { syscalls: system }: Pick<Libpod, 'syscalls'>,
  { name, mountpoint, options }: Pick<VolumeRecord, 'name' | 'mountpoint' | 'options'>,
  { directory, destination }: Place,
): Promise<void> {
  const open = (path: string, where: string): FileTree =>
    new FileTree({ system, rootFd: openSync(path, DIRECTORY), mounts: [], readOnly: false, where });
  const image = open(`/proc/self/fd/${directory}`, 'of the image');
  const volume = open(mountpoint, `in volume ${name}`);
  try {
    const pieces = archiveTree(image, '', { name: '' });
    const next = (): Buffer | undefined => {
      const { done, value } = pieces.next();
      crashPoint('volume-half-filled');
      return done ? undefined : value;
    };
    await extractTree(volume, '', next, { owner: (ids) => ids, devices: true, overwrite: false });
    const stat = fstatSync(directory);
    const { uid, gid } = ownerIn(options) ?? stat;
    fchownSync(volume.rootFd, uid, gid);
    fchmodSync(volume.rootFd, stat.mode & 0o7777);
  } catch (error) {
    throw new StorageError(
      `cannot fill volume ${name} from ${destination} of the image: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    image.close();
    volume.close();
  }
}

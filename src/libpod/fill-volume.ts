import { constants, fchmodSync, fchownSync, fstatSync, openSync } from 'node:fs';
import { messageOf, StorageError } from '../base/errors.ts';
import { archiveTree } from '../storage/tree/archive-tree.ts';
import { extractTree } from '../storage/tree/extract-tree.ts';
import { FileTree } from '../storage/tree/file-tree.ts';
import type { Libpod } from './context.ts';
import { ownerIn } from './volume-options.ts';
import type { VolumeRecord } from './volume.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * Copies what is in a directory of an image into an empty volume, the directory's own owner and mode included, unless the volume's options
 * name an owner. Containers that have the
 * volume may change it meanwhile: nothing is read or written outside of the two. `directory` is a descriptor, and stays the caller's.
 */
export async function fillVolume(
  { syscalls: system }: Pick<Libpod, 'syscalls'>,
  { name, mountpoint, options }: Pick<VolumeRecord, 'name' | 'mountpoint' | 'options'>,
  { directory, destination }: { directory: number; destination: string },
): Promise<void> {
  const open = (path: string, where: string): FileTree =>
    new FileTree({ system, rootFd: openSync(path, DIRECTORY), mounts: [], readOnly: false, where });
  const image = open(`/proc/self/fd/${directory}`, 'of the image');
  const volume = open(mountpoint, `in volume ${name}`);
  try {
    const pieces = archiveTree(image, '', { name: '' });
    const next = (): Buffer | undefined => {
      const { done, value } = pieces.next();
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

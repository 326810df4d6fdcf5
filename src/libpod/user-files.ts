import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readInside, readMounted, type UserRequest } from '../oci/user.ts';
import type { MountSpec } from '../specgen/container-spec.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { getVolume } from './volume.ts';

/**
 * The contents of the container's passwd and group where something is mounted over them: `-v /etc/passwd:/etc/passwd`, a volume at
 * /etc, and while it runs the files that tspod completed. A file that is not there is left out.
 */
export function userFiles(
  libpod: Libpod,
  record: ContainerRecord,
  { isRunning }: { isRunning: boolean },
): Pick<UserRequest, 'passwd' | 'group'> {
  const shown = (name: 'passwd' | 'group'): string =>
    (isRunning && completedFile(libpod, record, name)) || mountedFile(libpod, record, name);
  const passwd = shown('passwd');
  const group = shown('group');
  return { ...(passwd === '' ? {} : { passwd }), ...(group === '' ? {} : { group }) };
}

function completedFile(libpod: Libpod, record: ContainerRecord, name: string): string {
  if (record.spec.mounts.some(({ destination }) => destination === `/etc/${name}`)) return '';
  return readMounted(join(containerPaths(libpod.paths, record.id).bundle.bundle, name));
}

function mountedFile(libpod: Libpod, record: ContainerRecord, name: string): string {
  const { mounts } = record.spec;
  const own = mounts.find(({ destination }) => destination === `/etc/${name}`);
  if (own !== undefined) return own.type === 'bind' ? readMounted(own.source) : '';
  const directory = directoryOf(
    libpod,
    mounts.find(({ destination }) => destination === '/etc'),
  );
  if (directory === undefined || statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    return '';
  return readInside({ rootfs: directory, syscalls: libpod.syscalls }, name);
}

/** A new volume is filled from the image at the start: until then the image's own file counts. */
function directoryOf(libpod: Libpod, mount: MountSpec | undefined): string | undefined {
  if (mount?.type === 'bind') return mount.source;
  return mount?.type === 'volume' ? getVolume(libpod, mount.name).mountpoint : undefined;
}

import { closeSync, constants, existsSync, mkdirSync, openSync, readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { relative } from 'node:path';
import { errnoOf, InvalidSpecError, messageOf, StorageError } from '../base/errors.ts';
import { RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, O_PATH } from '../native/syscalls.ts';
import type { MountSpec } from '../specgen/container-spec.ts';
import { isIdmapOption } from '../specgen/mount-options.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';
import { bindToPlace, mountIdmapped } from './idmapped-mounts.ts';
import { mountImageFiles, mountOverlaid } from './overlaid-mounts.ts';
import type { Owner } from './user-owners.ts';
import { enforceVolumeLimits } from './volume-quota.ts';
import { copyUpVolume, getVolume, type VolumeRecord } from './volume.ts';

interface Facts {
  rootfs: string;
  user: Owner;
}

/** The source of a mount: a path that only the host can change, or what a path in the hands of containers led to. */
type Source = { path: string } | { fd: number };

/**
 * Gets the directories ready that the container's bind and volume mounts show: fills new volumes from the image, makes a missing
 * source where that was asked for, gives it to the container's user with option U. Returns where each volume (or the part of
 * it that is wanted) lies, by destination. `lasting`: the paths are good for after the container's end.
 */
export async function prepareMountSources(
  libpod: Libpod,
  record: ContainerRecord,
  facts: Facts & { lasting?: boolean },
): Promise<Record<string, string>> {
  const paths: Record<string, string> = {};
  for (const mount of record.spec.mounts) {
    const { options, destination } = mount;
    const found =
      mount.type === 'image' ? await imageFiles(libpod, record, mount) : await sourceOf(libpod, mount, facts);
    if (found === undefined) continue;
    const source = pathOf(libpod, record, found, facts.lasting);
    const path = options.includes('O') ? await mountOverlaid(libpod, record, { source, options }) : source;
    if (options.includes('U')) await giveTo(facts.user, path);
    const option = options.find(isIdmapOption);
    paths[destination] =
      option === undefined ? path : mountIdmapped(libpod, record, { source: path, option, destination });
  }
  return paths;
}

/** What other containers may exchange until the runtime mounts it is bound to a place that they cannot reach. */
function pathOf(libpod: Libpod, record: ContainerRecord, source: Source, lasting = false): string {
  if ('path' in source) return source.path;
  try {
    const link = `/proc/self/fd/${source.fd}`;
    return lasting ? readlinkSync(link) : bindToPlace(libpod, record, link);
  } finally {
    closeSync(source.fd);
  }
}

async function imageFiles(
  libpod: Libpod,
  record: ContainerRecord,
  mount: Extract<MountSpec, { type: 'image' }>,
): Promise<Source> {
  const files = await mountImageFiles(libpod, record, mount.imageId);
  const writable = mount.options.includes('rw');
  const root = writable ? await mountOverlaid(libpod, record, { source: files, options: [] }) : files;
  return mount.subpath === undefined
    ? { path: root }
    : inside(libpod, { what: `image ${mount.image}`, root, subpath: mount.subpath });
}

/**
 * Where a mount's files lie on the host, a new volume filled as at the start; undefined for what is in memory or not there. The
 * descriptor (O_PATH) is the caller's to close.
 */
export async function mountedSource(
  libpod: Libpod,
  mount: MountSpec,
  facts: Facts,
): Promise<{ source: string; fd: number } | undefined> {
  if (mount.type === 'bind' && !existsSync(mount.source)) return undefined;
  const found = await sourceOf(libpod, mount, facts);
  if (found === undefined) return undefined;
  const fd = 'fd' in found ? found.fd : openIfThere(found.path);
  return fd === undefined ? undefined : { source: readlinkSync(`/proc/self/fd/${fd}`), fd };
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, O_PATH);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function sourceOf(libpod: Libpod, mount: MountSpec, facts: Facts): Promise<Source | undefined> {
  if (mount.type === 'bind') {
    const { source, within } = mount;
    if (within !== undefined)
      return inside(libpod, { what: within, root: within, subpath: relative(within, source) });
    if (mount.create && !existsSync(source)) mkdirSync(source, { recursive: true });
    return { path: source };
  }
  if (mount.type !== 'volume' && mount.type !== 'image-volume') return undefined;
  const volume = getVolume(libpod, mount.name);
  enforceVolumeLimits(libpod, volume);
  if (volume.driver === 'image') checkFilled(volume);
  else if (!mount.options.includes('nocopy'))
    await copyUpVolume(libpod, volume, { ...facts, destination: mount.destination });
  const subpath = mount.type === 'volume' ? mount.subpath : undefined;
  return subpath === undefined
    ? { path: volume.mountpoint }
    : inside(libpod, { what: `volume ${volume.name}`, root: volume.mountpoint, subpath });
}

/** Whoever made it was killed before the image's files were in it. */
function checkFilled({ name, needsCopyUp, options }: VolumeRecord): void {
  if (!needsCopyUp) return;
  throw new StorageError(`volume ${name} has not got all files of image ${options['image'] ?? ''}`, {
    hint: `fill it: tspod volume create --ignore --driver image --opt image=${options['image'] ?? ''} ${name}`,
  });
}

/** What a volume or image contains is the work of containers: links in it lead nowhere else. Of the kind O_PATH. */
function inside(libpod: Libpod, place: { what: string; root: string; subpath: string }): { fd: number } {
  const { what, subpath } = place;
  const root = openSync(place.root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return { fd: libpod.syscalls.openat2(root, subpath, O_PATH, 0, resolve) };
  } catch (error) {
    throw new InvalidSpecError(`cannot mount subpath ${subpath} of ${what}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    closeSync(root);
  }
}

/** Directories of the host that no container's user may own. */
const NOT_TO_GIVE = new Set(
  '/ /bin /boot /dev /etc /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /var'.split(
    ' ',
  ),
);

async function giveTo({ uid, gid }: Owner, path: string): Promise<void> {
  const clean = path.replace(/\/+$/, '') || '/';
  if (NOT_TO_GIVE.has(clean) || clean === homedir())
    throw new InvalidSpecError(`mount option U must not change the owner of ${clean}`);
  const { runProgram } = await import('../base/run-program.ts');
  const result = await runProgram('chown', ['-R', '-h', `${uid}:${gid}`, '--', path]);
  if (result.code !== 0)
    throw new StorageError(`cannot change the owner of ${path} (mount option U): ${result.stderr.trim()}`);
}

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, StorageError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import { runProgram } from '../base/run-program.ts';
import { formatIdentity, isAlive, ownIdentity, parseIdentity } from '../native/process-identity.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { isListedMount } from '../storage/drivers/mount-point.ts';
import type { Libpod } from './context.ts';
import { lockVolume } from './volume-lock.ts';
import { isMounted, mountWords } from './volume-options.ts';
import { findVolume, getVolume, peekVolume, type VolumeRecord } from './volume.ts';
import { unmountVolume } from './volume-data.ts';

/**
 * Volumes whose options say what is mounted there (type, device, o). It is mounted for as long as somebody holds the volume:
 * `<run root>/volume-mounts/<volume>/<holder>` marks each. A holder that was killed is let go when its container is released, or with its process.
 */
export function isMountedVolume({ options }: Pick<VolumeRecord, 'options'>): boolean {
  return isMounted(options);
}

/** Mounts what the volumes of a container need. */
export async function holdVolumes(libpod: Libpod, spec: ContainerSpec, holder: string): Promise<void> {
  for (const mount of spec.mounts) {
    if (mount.type !== 'volume') continue;
    const volume = findVolume(libpod, mount.name);
    if (volume !== undefined && isMountedVolume(volume)) await holdVolume(libpod, volume, holder);
  }
}

/** Idempotent. Returns where the volume's files are. */
export async function holdVolume(libpod: Libpod, volume: VolumeRecord, holder: string): Promise<string> {
  if (!isMountedVolume(volume)) return volume.mountpoint;
  const lock = await lockVolume(libpod, volume.name);
  try {
    // It may have been removed meanwhile.
    const { mountpoint } = getVolume(libpod, volume.name);
    const holders = holdersOf(libpod, volume.name);
    mkdirSync(holders, { recursive: true, mode: 0o700 });
    writeFileSync(join(holders, holder), '');
    if (!isListedMount(mountpoint)) await mountDevice(volume);
    return mountpoint;
  } finally {
    lock.release();
  }
}

/** Lets go of all volumes that it holds; what nobody holds any more is unmounted. Idempotent. */
export async function letVolumesGo(libpod: Libpod, holder: string): Promise<void> {
  const all = join(libpod.paths.runRoot, 'volume-mounts');
  if (!existsSync(all)) return;
  for (const name of readdirSync(all))
    if (existsSync(join(all, name, holder))) await letVolumeGo(libpod, name, holder);
}

/** Not held is fine. */
export async function letVolumeGo(libpod: Libpod, name: string, holder: string): Promise<void> {
  const lock = await lockVolume(libpod, name);
  try {
    const holders = holdersOf(libpod, name);
    rmSync(join(holders, holder), { force: true });
    if (!existsSync(holders) || livingHolders(holders).length > 0) return;
    unmountVolume(libpod, peekVolume(libpod, name)?.mountpoint ?? join(libpod.paths.volumes, name, '_data'));
    rmSync(holders, { recursive: true });
  } finally {
    lock.release();
  }
}

/** How many hold it. */
export function countHolders(libpod: Libpod, name: string): number {
  const holders = holdersOf(libpod, name);
  return existsSync(holders) ? livingHolders(holders).length : 0;
}

const PROCESS = 'process-';

/** A holder that holds for no longer than this process lives. */
export function processHolder(purpose: string): string {
  return `${PROCESS}${formatIdentity(ownIdentity())}.${purpose}`;
}

/** Takes out those whose process is gone. */
function livingHolders(holders: string): string[] {
  return readdirSync(holders).filter((holder) => {
    if (!holder.startsWith(PROCESS)) return true;
    const identity = holder.slice(PROCESS.length, holder.lastIndexOf('.'));
    if (isAlive(parseIdentity(identity))) return true;
    rmSync(join(holders, holder), { force: true });
    return false;
  });
}

async function mountDevice({ name, options, mountpoint }: VolumeRecord): Promise<void> {
  const type = options['type'] ?? '';
  const device = deviceOf(options);
  const words = mountWords(options).filter((word) => !isOurs(word, type));
  const args = [
    ...(type === '' ? [] : ['-t', type]),
    ...(words.length === 0 ? [] : ['-o', words.join(',')]),
    '--',
    device,
    mountpoint,
  ];
  // A server of network files may take its time.
  const done = await runProgram('mount', args).catch((error: unknown) => ({
    code: null,
    stderr: messageOf(error),
  }));
  if (done.code === 0) return;
  const reason = done.stderr.trim().replace(/^mount: /, '');
  throw new StorageError(`cannot mount ${device} as volume ${name}: ${reason}`, {
    hint:
      rootlessUid() === undefined
        ? `see its options: tspod volume inspect ${name}`
        : 'without root the kernel mounts only tmpfs, overlay and binds of directories',
  });
}

/** docker's way to say the server of a network file system: `addr=` beside a device that begins with a colon. */
function deviceOf(options: Readonly<Record<string, string>>): string {
  const device = options['device'] || 'tmpfs';
  const server = mountWords(options).find((word) => word.startsWith('addr='));
  return device.startsWith(':') && server !== undefined ? `${server.slice('addr='.length)}${device}` : device;
}

/** Words for the volume, not for mount(8); a tmpfs knows owners itself. */
function isOurs(word: string, type: string): boolean {
  if (/^(no)?copy$|^noquota$/.test(word)) return true;
  return type !== 'tmpfs' && /^(uid|gid|inodes)=/.test(word);
}

function holdersOf(libpod: Libpod, name: string): string {
  return join(libpod.paths.runRoot, 'volume-mounts', name);
}

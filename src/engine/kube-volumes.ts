import {
  chmodSync,
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import type { ClaimPlan, FileText, HostPathKind, SecretFile, VolumePlan } from '../kube/plan.ts';
import { getVolume } from '../libpod/volume.ts';
import { currentDirectory } from './current-directory.ts';
import type { Engine } from './engine.ts';
import { createVolume, volumeExists } from './volumes.ts';

/** A named volume; one that is there stays as it is. Returns its name. */
export async function makeClaim(engine: Engine, claim: ClaimPlan): Promise<string> {
  const isThere = volumeExists(engine, claim.name);
  const words = (record: Readonly<Record<string, string>>): string[] =>
    Object.entries(record).map(([key, value]) => `${key}=${value}`);
  const name = await createVolume(engine, {
    name: claim.name,
    driver: claim.driver,
    labels: words(claim.labels),
    options: words(claim.options),
    ignore: true,
    uid: claim.uid,
    gid: claim.gid,
  });
  if (claim.importSource !== undefined && !isThere)
    await fillClaim(engine, name, claim.importSource, claim.path);
  return name;
}

async function fillClaim(engine: Engine, name: string, source: string, at: string): Promise<void> {
  const { importVolume } = await import('./volume-archive.ts');
  const { removeVolume } = await import('./volumes.ts');
  try {
    await importVolume(engine, name, createReadStream(resolve(currentDirectory(), source)));
  } catch (error) {
    // The next play would take it for filled.
    await removeVolume(engine, name, { force: false, timeout: undefined });
    throw new InvalidSpecError(`${at}cannot import ${source}: ${messageOf(error)}`, { cause: error });
  }
}

/** Directories and files of the host: made where the type says so, checked otherwise. */
export function prepareHostPaths(volumes: readonly VolumePlan[]): void {
  for (const volume of volumes) if (volume.type === 'host') prepareHostPath(volume);
}

function prepareHostPath({ path, kind, at }: { path: string; kind: HostPathKind; at: string }): void {
  try {
    if (kind === 'DirectoryOrCreate') mkdirSync(path, { recursive: true, mode: 0o755 });
    if (kind === 'FileOrCreate') closeSync(openSync(path, 'a', 0o644));
  } catch (error) {
    throw new InvalidSpecError(`${at}: cannot make ${path}: ${messageOf(error)}`, { cause: error });
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new NotFoundError('file', path, {
      message: `${at}: ${path} does not exist`,
      ...(kind === '' || kind === 'Directory' ? { hint: 'type: DirectoryOrCreate makes it' } : {}),
    });
  const is = {
    '': true,
    DirectoryOrCreate: stat.isDirectory(),
    Directory: stat.isDirectory(),
    FileOrCreate: stat.isFile(),
    File: stat.isFile(),
    Socket: stat.isSocket(),
    CharDevice: stat.isCharacterDevice(),
    BlockDevice: stat.isBlockDevice(),
  };
  if (!is[kind]) throw new InvalidSpecError(`${at}: ${path} is no ${kind.replace('OrCreate', '')}`);
}

/** Once the containers have been made, and with them their volumes, and before anything in them runs. */
export function fillVolumes(engine: Engine, volumes: readonly VolumePlan[]): void {
  for (const volume of volumes) {
    if (volume.type !== 'empty' && volume.type !== 'files') continue;
    const mountpoint = mountpointOf(engine, volume.volume);
    if (mountpoint === undefined) continue;
    if (volume.type === 'files') writeFiles(mountpoint, volume.files, volume.secrets);
    // Whoever runs in the pod may write there, as in Kubernetes.
    else if (!volume.isMemory) chmodSync(mountpoint, 0o777);
  }
}

/** Undefined when no container mounts it. */
function mountpointOf(engine: Engine, name: string): string | undefined {
  return volumeExists(engine, name) ? getVolume(engine, name).mountpoint : undefined;
}

/** The paths have been checked: none climbs. What a secret is bound over is an empty file. */
function writeFiles(mountpoint: string, files: readonly FileText[], secrets: readonly SecretFile[]): void {
  for (const { path, data, mode } of [
    ...secrets.map(({ path }) => ({ path, data: Buffer.alloc(0), mode: 0o444 })),
    ...files,
  ]) {
    const place = join(mountpoint, path);
    mkdirSync(dirname(place), { recursive: true, mode: 0o755 });
    writeFileSync(place, data, { mode: 0o600 });
    chmodSync(place, mode);
  }
}

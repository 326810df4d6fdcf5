import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join as joinPath } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { rootlessUid } from '../base/paths.ts';
import { networkFiles } from '../network/attachment-record.ts';
import { pastaPid } from '../network/pasta.ts';
import { managerBus, moveToScope } from '../oci/systemd-scope.ts';
import { pauseProcess } from '../rootless/namespace.ts';
import { cgroupManagerOf } from './cgroup-manager.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';
import { cgroupVersion } from './host-cgroups.ts';

/**
 * Takes a container's monitor out of the cgroup of whoever called us, before it starts the runtime: it must not end with a login or a service
 * that merely started the container. A failure is no reason not to start.
 */
export function placeMonitor(
  libpod: Libpod,
  record: ContainerRecord,
  pid: number,
): Promise<void> | undefined {
  if (record.spec.resources.cgroups !== 'enabled' || isService()) return undefined;
  if (cgroupManagerOf(libpod) === 'cgroupfs') {
    placeByHand(record, pid);
    return undefined;
  }
  return Promise.all([
    attempt(() => move(libpod, record, pid, false)),
    attempt(() => movePause(libpod)),
  ]).then(() => undefined);
}

/** Where a process serves the container's network, it follows the monitor. */
export async function placePasta(libpod: Libpod, record: ContainerRecord): Promise<void> {
  if (record.spec.resources.cgroups !== 'enabled' || isService() || cgroupManagerOf(libpod) === 'cgroupfs')
    return;
  const pid = pastaPid(networkFiles(libpod.paths.runRoot), record.id);
  if (pid !== undefined) await attempt(() => move(libpod, record, pid, true));
}

/**
 * The same for the monitor of an exec session: nobody may move a process from a login's cgroup to the container's, so it has to start from
 * within the user's own. An attached session of root's ends with its client anyway and is spared the detour.
 */
export async function placeExecMonitor(
  libpod: Libpod,
  record: ContainerRecord,
  pid: number,
  detached: boolean,
): Promise<void> {
  const uid = rootlessUid();
  if (record.spec.resources.cgroups === 'disabled') return;
  if (!detached && (uid === undefined || isOfUserManager(uid))) return;
  await attempt(() => move(libpod, record, pid, true));
}

/** A unit whose main process is the monitor: systemd has to find it in the unit's cgroup. */
function isService(): boolean {
  return process.env['INVOCATION_ID'] !== undefined && process.env['PODMAN_SYSTEMD_UNIT'] !== undefined;
}

async function move(libpod: Libpod, record: ContainerRecord, pid: number, join: boolean): Promise<void> {
  const rootless = rootlessUid() !== undefined;
  if (cgroupManagerOf(libpod) === 'cgroupfs') {
    placeByHand(record, pid);
    return;
  }
  const bus = managerBus(rootless, process.env);
  if (bus === undefined) return;
  const scope = {
    unit: `libpod-conmon-${record.id}.scope`,
    slice: record.spec.resources.cgroupParent ?? (rootless ? 'user.slice' : 'machine.slice'),
    description: `monitor of container ${record.name}`,
  };
  await moveToScope(bus, scope, pid, join);
}

/**
 * The process that keeps the user namespace was made by the first command of a login. Left there, it would keep that login from ever
 * being over; or be killed with it, in the midst of the containers of others.
 */
async function movePause(libpod: Libpod): Promise<void> {
  const uid = rootlessUid();
  if (uid === undefined || cgroupManagerOf(libpod) === 'cgroupfs') return;
  const pid = pauseProcess();
  const bus = managerBus(true, process.env);
  if (pid === undefined || bus === undefined || isOfUserManager(uid, pid)) return;
  const scope = {
    unit: `tspod-pause-${pid}.scope`,
    slice: 'user.slice',
    description: 'user namespace of tspod',
  };
  await moveToScope(bus, scope, pid, false);
}

function placeByHand(record: ContainerRecord, pid: number): void {
  if (rootlessUid() !== undefined || cgroupVersion() !== 2) return;
  try {
    moveBeside(record, pid);
  } catch (error) {
    tellUnplaced(error);
  }
}

/** One cgroup for all monitors, next to those of the containers. */
function moveBeside(record: ContainerRecord, pid: number): void {
  const parent = record.spec.resources.cgroupParent ?? 'libpod_parent';
  // The cgroup of a pod goes with the pod, which a monitor may outlive by a moment.
  const isOfPod = record.podId !== undefined && basename(parent) === record.podId;
  const directory = joinPath('/sys/fs/cgroup', isOfPod ? dirname(parent) : parent, 'conmon');
  mkdirSync(directory, { recursive: true });
  writeFileSync(joinPath(directory, 'cgroup.procs'), `${pid}\n`);
}

function isOfUserManager(uid: number, pid: number | 'self' = 'self'): boolean {
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`/user@${uid}.service/`);
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    tellUnplaced(error);
  }
}

function tellUnplaced(error: unknown): void {
  log('info', `cannot move a process of tspod's into a cgroup of its own: ${messageOf(error)}`);
}

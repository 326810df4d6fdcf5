import { accessSync, constants, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { rootlessUid } from '../base/paths.ts';
import { syscalls } from '../native/linux.ts';
import type { CgroupManager } from '../oci/cgroup-manager.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { upToLast } from './cgroup-places.ts';

const ROOT = '/sys/fs/cgroup';
const CGROUP2_MAGIC = 0x63677270;

/** v1 and hybrid count as 1. 0: no usable cgroups, or, in a container that tspod runs in as its root, none that may be changed. */
export function cgroupVersion(): 0 | 1 | 2 {
  knownVersion ??= findVersion();
  return knownVersion;
}

/** It stays what it is while this process lives, and one command asks often. */
let knownVersion: 0 | 1 | 2 | undefined;

function findVersion(): 0 | 1 | 2 {
  const isRoot = rootlessUid() === undefined;
  try {
    if (Number(statfsSync(ROOT).type) === CGROUP2_MAGIC) return isRoot && !isWritable(ROOT) ? 0 : 2;
  } catch {
    return 0;
  }
  if (!isRoot) return 1;
  const [first] = hierarchies1();
  return first !== undefined && isWritable(join(ROOT, first)) ? 1 : 0;
}

/** Those whose limits a container can be given: of a user what was delegated. */
export function cgroupControllers(manager: CgroupManager): string[] {
  const uid = rootlessUid();
  const version = cgroupVersion();
  if (version === 0) return [];
  // A normal user has no say over v1 hierarchies.
  if (version === 1) return uid === undefined ? hierarchies1() : [];
  if (uid === undefined) return words(join(ROOT, 'cgroup.controllers'));
  // Where we make cgroups ourselves it is beside our own processes, and then only what is passed on already.
  if (manager === 'cgroupfs') return words(join(ROOT, ownCgroup2(), 'cgroup.subtree_control'));
  const toManager = `user.slice/user-${uid}.slice/user@${uid}.service/cgroup.controllers`;
  const delegated = words(join(ROOT, toManager));
  return delegated.length > 0 ? delegated : words(join(ROOT, ownCgroup2(), 'cgroup.controllers'));
}

/** Path (cgroupfs) or slice:prefix:name (systemd) for a container; undefined where it gets none of its own. */
export function cgroupPathFor(spec: ContainerSpec, id: string, manager: CgroupManager): string | undefined {
  const rootless = rootlessUid() !== undefined;
  const version = cgroupVersion();
  if (spec.resources.cgroups === 'disabled' || version === 0) return undefined;
  if (rootless && version === 1) return undefined;
  if (spec.resources.cgroups === 'split') return join(cgroupToSplit(), `libpod-payload-${id}`);
  const parent = spec.resources.cgroupParent;
  if (manager === 'systemd') return `${parent ?? (rootless ? 'user.slice' : 'machine.slice')}:libpod:${id}`;
  if (!rootless) return join('/', parent ?? 'libpod_parent', `libpod-${id}`);
  if (parent !== undefined) return join(parent, `libpod-${id}`);
  // Without a login and its service manager, most users have no cgroup in which they may make another.
  const own = ownCgroup2();
  return isWritable(join(ROOT, own)) ? join('/', own, 'user.tspod', `libpod-${id}`) : undefined;
}

/** Where a running container is, as a path below the cgroup file systems: the one made for it, not those that it made itself. */
export function cgroupOfContainer(pid: number, id: string): string | undefined {
  const paths = readCgroups(pid).map((line) => line.split(':').slice(2).join(':'));
  const path = paths.reduce((longest, other) => (other.length > longest.length ? other : longest), '');
  const names = [`libpod-${id}`, `libpod-${id}.scope`, `libpod-payload-${id}`, `libpod-payload-${id}.scope`];
  return upToLast(path, names) ?? (path === '' ? undefined : path);
}

/** Of a cgroup that was split: where the processes are that were in it, tspod and the monitors among them. */
export const RUNTIME_CGROUP = 'runtime';

/** The cgroup of cgroup v2 that we were called in, also when it has been split already: `--cgroups=split` puts containers below it. */
export function cgroupToSplit(): string {
  const own = ownCgroup2();
  return own.endsWith(`/${RUNTIME_CGROUP}`) ? own.slice(0, -RUNTIME_CGROUP.length - 1) || '/' : own;
}

/** Sorted: not every runtime does it when it reads a directory. */
function hierarchies1(): string[] {
  return readdirSync(ROOT)
    .filter((name) => !['systemd', 'unified'].includes(name) && !name.includes(','))
    .sort();
}

function ownCgroup2(): string {
  const line = readCgroups('self').find((entry) => entry.startsWith('0::'));
  return line?.slice(3) ?? '/';
}

/** Lines of number, controllers and path. */
function readCgroups(pid: number | 'self'): string[] {
  try {
    return (syscalls().readText(`/proc/${pid}/cgroup`) ?? '').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function words(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

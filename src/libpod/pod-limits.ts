import { existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InvalidSpecError, messageOf, UnsupportedError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import type { OciResources } from '../oci/runtime-spec.ts';
import { managerBus } from '../oci/systemd-scope.ts';
import { limitSlice } from '../oci/systemd-slice.ts';
import type { ResourcesSpec } from '../specgen/container-spec.ts';
import { limitedDevices } from '../specgen/device-limits.ts';
import type { PodSpec } from '../specgen/pod-spec.ts';
import { runtimeResources } from '../specgen/runtime-resources.ts';
import { cgroupManagerOf } from './cgroup-manager.ts';
import { type CgroupWrite, cgroupWrites } from './cgroup-writes.ts';
import type { Libpod } from './context.ts';
import { cgroupControllers, cgroupVersion } from './host-cgroups.ts';
import { statBlockDevice } from './host-facts.ts';
import { checkKernelLimits } from './kernel-limits.ts';

const ROOT = '/sys/fs/cgroup';
const CGROUP2_MAGIC = 0x63677270;

/**
 * Gives the cgroup of a pod its limits, and makes it where it is not there: after a boot, or a first time. Idempotent. Throws
 * UnsupportedError where this host cannot.
 */
export async function applyPodLimits(
  libpod: Libpod,
  name: string,
  { cgroup, resources }: Pick<PodSpec, 'cgroup' | 'resources'>,
): Promise<void> {
  if (resources === undefined) return;
  const limits = limitsFor(libpod, name, { cgroup, resources });
  const version = cgroupVersion();
  try {
    if (cgroup?.endsWith('.slice')) await applyToSlice(cgroup, limits, version);
    else if (cgroup !== undefined) write(cgroup, cgroupWrites(limits, version === 2 ? 2 : 1));
  } catch (error) {
    if (error instanceof UnsupportedError) throw error;
    throw new InvalidSpecError(`cannot limit pod ${name}: ${messageOf(error)}`, {
      cause: error,
      hint: 'CPUs and memory nodes have to be those of this host, memory more than is in use',
    });
  }
}

function limitsFor(
  libpod: Libpod,
  name: string,
  { cgroup, resources }: { cgroup: string | undefined; resources: ResourcesSpec },
): OciResources {
  if (cgroup === undefined)
    throw new UnsupportedError(`cannot limit pod ${name}: this host gives it no cgroup of its own`, {
      hint: 'limits of a user need cgroup v2 and the service manager of a login (loginctl enable-linger), or root',
    });
  const manager = cgroupManagerOf(libpod);
  const host = {
    cgroupPath: cgroup,
    cgroupVersion: cgroupVersion(),
    cgroupManager: manager,
    cgroupControllers: cgroupControllers(manager),
    rootless: rootlessUid() !== undefined,
    devices: Object.fromEntries(limitedDevices(resources).map((path) => [path, statBlockDevice(path)])),
  };
  checkKernelLimits(resources, host);
  return runtimeResources(resources, host, () => undefined);
}

async function applyToSlice(slice: string, limits: OciResources, version: 0 | 1 | 2): Promise<void> {
  if (version !== 2)
    throw new UnsupportedError(
      'cannot limit a pod: with cgroup v1 systemd does not pass limits on to a slice',
      {
        hint: 'use --cgroup-manager cgroupfs, or cgroup v2',
      },
    );
  const bus = managerBus(rootlessUid() !== undefined, process.env);
  if (bus === undefined)
    throw new UnsupportedError('cannot limit a pod: the service manager of this login is not to be found', {
      hint: 'log in directly, so that XDG_RUNTIME_DIR is set',
    });
  await limitSlice(bus, slice, limits);
}

function write(cgroup: string, writes: readonly CgroupWrite[]): void {
  const isUnified = Number(statfsSync(ROOT).type) === CGROUP2_MAGIC;
  for (const { controller, choices, isOptional } of writes) {
    const root = isUnified ? ROOT : join(ROOT, controller);
    const directory = join(root, cgroup);
    mkdirSync(directory, { recursive: true });
    if (isUnified) passOn(dirname(cgroup), controller);
    else if (controller === 'cpuset') inheritCpuset(root, cgroup);
    const found = choices.find(([file]) => existsSync(join(directory, file)));
    if (found !== undefined) writeLimit(join(directory, found[0]), found[1]);
    else if (!isOptional)
      throw new UnsupportedError(
        `cannot limit a pod: this kernel has no ${choices.map(([file]) => file).join(' or ')} in ${directory}`,
        {
          hint: 'the limit needs a part of the kernel that was not built or is not in use: leave it out',
        },
      );
  }
}

function writeLimit(path: string, value: string): void {
  try {
    writeFileSync(path, value);
  } catch (error) {
    throw new Error(`writing ${value} to ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** From the top on every group on the way has to pass the controller on to its children. */
function passOn(parent: string, controller: string): void {
  for (const directory of ancestors(ROOT, parent)) {
    const file = join(directory, 'cgroup.subtree_control');
    if (!readFileSync(file, 'utf8').split(/\s+/).includes(controller)) writeLimit(file, `+${controller}`);
  }
}

/** On v1 a new group may use no CPU at all until it is told which. */
function inheritCpuset(root: string, cgroup: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    let inherited = '';
    for (const directory of ancestors(root, cgroup)) {
      const path = join(directory, file);
      const own = readFileSync(path, 'utf8').trim();
      if (own === '') writeLimit(path, inherited);
      else inherited = own;
    }
  }
}

function ancestors(root: string, path: string): string[] {
  const names = path.split('/').filter(Boolean);
  return [root, ...names.map((_, index) => join(root, ...names.slice(0, index + 1)))];
}

import { existsSync } from 'node:fs';
import { UnsupportedError } from '../base/errors.ts';
import { kernelRelease } from '../base/kernel.ts';
import { rootlessUid } from '../base/paths.ts';
import type { RuntimeRef } from '../oci/runtime-client.ts';
import { learnRuntimeVersion } from '../oci/runtime-version.ts';
import { KEEP_GROUPS } from '../specgen/labels.ts';
import { READ_ONLY_BELOW } from '../specgen/mount-options.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import type { ContainerRecord } from './container.ts';

/** What only the host, or the runtime that was chosen for it, shows. */
export async function checkStartable(
  { spec }: ContainerRecord,
  runtime: RuntimeRef,
  runRoot: string,
): Promise<void> {
  if (runtime.name !== 'crun') checkWithoutCrun(spec, runtime.name);
  await checkPersonality(spec, runtime, runRoot);
  await checkReadOnlyBelow(spec, runtime, runRoot);
  if (spec.log.driver === 'journald' && !existsSync(JOURNAL))
    throw new UnsupportedError(`cannot use --log-driver journald: there is no ${JOURNAL} on this host`);
  if (spec.rdtClass !== undefined) checkRdt();
}

const JOURNAL = '/run/systemd/journal/socket';

function checkWithoutCrun({ resources, annotations }: ContainerSpec, runtimeName: string): void {
  const cannot = (option: string) =>
    new UnsupportedError(`requested OCI runtime ${runtimeName} is not compatible with ${option}`, {
      hint: 'crun is: try --runtime crun',
    });
  if (resources.cgroups === 'disabled') throw cannot('--cgroups=disabled');
  if (annotations[KEEP_GROUPS] !== undefined) throw cannot('--group-add keep-groups');
}

function checkRdt(): void {
  if (rootlessUid() !== undefined)
    throw new UnsupportedError(
      '--rdt-class is not supported without root: the kernel keeps these classes to it',
    );
  if (!existsSync('/sys/fs/resctrl/schemata'))
    throw new UnsupportedError(
      '--rdt-class is not supported on this host: the processor or kernel has no resource director, or it is not mounted',
      { hint: 'where the processor has one: mount -t resctrl resctrl /sys/fs/resctrl' },
    );
}

/** A runtime that does not know execution domains would leave them out without a word. */
async function checkPersonality(
  { personality }: ContainerSpec,
  runtime: RuntimeRef,
  runRoot: string,
): Promise<void> {
  if (personality === undefined || runtime.name === 'crun') return;
  const version = runtime.name === 'runc' ? await learnRuntimeVersion(runtime.path, runRoot) : undefined;
  if (isAtLeast(version, [1, 2])) return;
  throw new UnsupportedError(
    `cannot set --personality: ${runtime.name}${version === undefined ? '' : ` ${version}`} does not know it`,
    { hint: 'crun does, and runc from 1.2 on: try --runtime crun' },
  );
}

/** From which version on a runtime makes mounts read-only with all that lies below; others leave the word out without a word. */
const READ_ONLY_BELOW_SINCE: Readonly<Record<string, readonly [number, number]>> = {
  crun: [1, 4],
  runc: [1, 1],
  youki: [0, 1],
};
const KERNEL = [5, 12] as const;

async function checkReadOnlyBelow(
  { mounts }: ContainerSpec,
  runtime: RuntimeRef,
  runRoot: string,
): Promise<void> {
  const mount = mounts.find(({ options }) => options.includes(READ_ONLY_BELOW));
  if (mount === undefined) return;
  const cannot = `cannot make all that is mounted below ${mount.destination} read-only (bind-recursive=readonly)`;
  const release = kernelRelease();
  if (!isAtLeast(release, KERNEL))
    throw new UnsupportedError(`${cannot}: kernel ${release} cannot, from 5.12 on it can`, {
      hint: 'mount what lies below read-only by itself',
    });
  const since = READ_ONLY_BELOW_SINCE[runtime.name];
  const version = since === undefined ? undefined : await learnRuntimeVersion(runtime.path, runRoot);
  if (since !== undefined && isAtLeast(version, since)) return;
  throw new UnsupportedError(
    `${cannot}: ${runtime.name}${version === undefined ? '' : ` ${version}`} does not know it`,
    { hint: 'crun does from 1.4 on, and runc from 1.1 on: try --runtime crun' },
  );
}

/** By the first two numbers. */
function isAtLeast(version: string | undefined, [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, then = 0] = (version ?? '0').split('.').map((part) => Number.parseInt(part, 10));
  return ours > major || (ours === major && then >= minor);
}

/** Its streams are those of the process that starts it: nothing to attach to, nothing is logged. */
export function passesStreams(spec: ContainerRecord['spec']): boolean {
  return spec.log.driver === 'passthrough' || spec.log.driver === 'passthrough-tty';
}

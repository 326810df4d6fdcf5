import { existsSync } from 'node:fs';
import { UnsupportedError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import type { RuntimeRef } from '../oci/runtime-client.ts';
import { learnRuntimeVersion } from '../oci/runtime-version.ts';
import { KEEP_GROUPS } from '../specgen/labels.ts';
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
  const [major = 0, minor = 0] = (version ?? '0').split('.').map(Number);
  if (major > 1 || (major === 1 && minor >= 2)) return;
  throw new UnsupportedError(
    `cannot set --personality: ${runtime.name}${version === undefined ? '' : ` ${version}`} does not know it`,
    { hint: 'crun does, and runc from 1.2 on: try --runtime crun' },
  );
}

/** Its streams are those of the process that starts it: nothing to attach to, nothing is logged. */
export function passesStreams(spec: ContainerRecord['spec']): boolean {
  return spec.log.driver === 'passthrough' || spec.log.driver === 'passthrough-tty';
}

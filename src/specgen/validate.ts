import { InvalidSpecError, UnsupportedError, UsageError } from '../base/errors.ts';
import { NAME_PATTERN } from '../base/ids.ts';
import type { ContainerSpec } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';

/** Rules over several options; single values were checked where they were parsed. */
export function validateSpec(spec: ContainerSpec, options: CreateOptions): void {
  if (options.name !== undefined && options.name !== '' && !NAME_PATTERN.test(options.name))
    throw new InvalidSpecError(
      `invalid container name ${JSON.stringify(options.name)}: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`,
    );
  if (options.replace && (options.name ?? '') === '')
    throw new InvalidSpecError('cannot replace container without --name being set');
  if (spec.autoRemove && spec.restart.name !== 'no')
    throw new InvalidSpecError(
      'the --rm option conflicts with --restart, when the restartPolicy is not "" and "no"',
    );
  validateHostname(spec, options);
  validateNamespaces(spec);
  validateSysctl(spec);
  if (spec.timeout < 0) throw new UsageError(`invalid --timeout ${spec.timeout}: must not be negative`);
  if (spec.stopTimeout < 0)
    throw new UsageError(`invalid --stop-timeout ${spec.stopTimeout}: must not be negative`);
  validateCgroups(spec);
  const attached = (options.attach ?? []).find(
    (name) => !['stdin', 'stdout', 'stderr'].includes(name.toLowerCase()),
  );
  if (attached !== undefined)
    throw new UsageError(
      `invalid stream "${attached}" for --attach - must be one of stdin, stdout, or stderr`,
    );
  if (options.volumeDriver && options.volumeDriver !== 'local')
    throw new UnsupportedError(
      `--volume-driver ${options.volumeDriver} is not supported: there are no volume plugins`,
      {
        hint: 'the driver local also mounts NFS and others: tspod volume create --opt type=nfs',
      },
    );
}

function validateHostname(spec: ContainerSpec, options: CreateOptions): void {
  if (options.hostname === undefined || options.hostname === '') return;
  if (spec.namespaces.uts.mode === 'host')
    throw new InvalidSpecError('cannot set hostname when running in the host UTS namespace');
  if (spec.namespaces.uts.mode === 'container')
    throw new InvalidSpecError('cannot set hostname when joining the UTS namespace of another container');
  if (options.hostname.length > 64 || !/^[a-zA-Z0-9._-]+$/.test(options.hostname))
    throw new InvalidSpecError(
      `invalid hostname ${JSON.stringify(options.hostname)}: at most 64 letters, digits, dots and hyphens`,
    );
}

function validateNamespaces(spec: ContainerSpec): void {
  if (spec.init !== undefined && spec.namespaces.pid.mode !== 'private')
    throw new InvalidSpecError("cannot add init binary as PID 1 (PID namespace isn't private)");
}

/** A sysctl of a namespace that the container shares with the host would change the host. */
function validateSysctl(spec: ContainerSpec): void {
  for (const [key, value] of Object.entries(spec.sysctl)) {
    const text = `${key}=${value}`;
    if (isNetSysctl(key) && spec.network.mode.mode === 'host')
      throw new InvalidSpecError(`sysctl ${text} can't be set since Network Namespace set to host`);
    if (isIpcSysctl(key) && spec.namespaces.ipc.mode === 'host')
      throw new InvalidSpecError(`sysctl ${text} can't be set since IPC Namespace set to host`);
    if (UTS_SYSCTLS.has(key) && spec.namespaces.uts.mode === 'host')
      throw new InvalidSpecError(`sysctl ${text} can't be set since UTS Namespace set to host`);
    // Runtimes make a path of it: `net/../kernel` is nothing of the network.
    const leadsUp = key.split(/[./]/).includes('');
    if (leadsUp || (!isNetSysctl(key) && !isIpcSysctl(key) && !UTS_SYSCTLS.has(key)))
      throw new InvalidSpecError(
        `sysctl ${text} is not allowed: it does not belong to a namespace of the container`,
      );
  }
}

/** The NIS domain name, which `domainname` prints. */
export const DOMAIN_NAME = 'kernel.domainname';

const UTS_SYSCTLS = new Set([DOMAIN_NAME, 'kernel.hostname']);

export function isNetSysctl(key: string): boolean {
  return key.startsWith('net.');
}

export function isIpcSysctl(key: string): boolean {
  return IPC_SYSCTLS.has(key) || key.startsWith('fs.mqueue.');
}

const IPC_SYSCTLS = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

function validateCgroups(spec: ContainerSpec): void {
  const { resources } = spec;
  if (resources.cgroups !== 'disabled') return;
  const limited = Object.entries(resources).some(([key, value]) => key !== 'cgroups' && value !== undefined);
  if (limited)
    throw new InvalidSpecError('cannot set resource limits or a cgroup parent with --cgroups=disabled');
}

import { log } from '../base/log.ts';
import type { OciLinux, RuntimeSpec } from '../oci/runtime-spec.ts';
import type { ContainerSpec, UserNamespaceSpec } from './container-spec.ts';
import type { BundleFacts, HostFacts } from './host-facts.ts';
import { runtimeDevices } from './runtime-devices.ts';
import { rootfsPropagation, runtimeMounts } from './runtime-mounts.ts';
import { runtimeNamespaces } from './runtime-namespaces.ts';
import { boundingSet, runtimeProcess } from './runtime-process.ts';
import { runtimeResources } from './runtime-resources.ts';
import { readSeccompProfile, resolveSeccomp } from './seccomp.ts';
import { builtinSeccompProfile } from './seccomp-default.ts';
import { systemPaths } from './system-paths.ts';

/**
 * config.json for one start. Depends on its arguments only, but for the seccomp profile that they name. What cannot be honoured in
 * full but is no reason to fail is told, as a warning where it was asked for. Write the result with stringifyRuntimeJson, which knows "unlimited".
 */
export function toRuntimeSpec(
  spec: ContainerSpec,
  host: HostFacts,
  bundle: BundleFacts,
  tell: (level: 'info' | 'warn', text: string) => void = log,
): RuntimeSpec {
  const note = (text: string): void => tell('info', text);
  const warn = (text: string): void => tell('warn', text);
  const bounding = boundingSet(spec, host);
  const mounts = runtimeMounts(spec, host, bundle);
  const { devices, rules } = runtimeDevices(spec, host);
  const resources = runtimeResources(spec.resources, host, note);
  if (rules.length > 0 && host.cgroupPath !== undefined) resources.devices = rules;
  const propagation = rootfsPropagation(mounts);
  const { maskedPaths, readonlyPaths } = systemPaths(spec.security);
  if (spec.systemd && host.systemdHierarchy) maskedPaths.push('/sys/fs/cgroup/systemd/release_agent');
  const seccomp = seccompFor(spec, host, bounding);
  const ownUts = spec.namespaces.uts.mode === 'private';
  return {
    ociVersion: '1.0.2',
    process: runtimeProcess({ spec, host, bundle, bounding, note, warn }),
    root: { path: bundle.rootfs, readonly: spec.readOnlyRootfs },
    ...(ownUts ? { hostname: bundle.hostname } : {}),
    mounts,
    annotations: {
      ...(host.cgroupManager === 'systemd' ? scopeProperties(spec) : {}),
      ...runtimeAnnotations(spec),
    },
    linux: {
      namespaces: runtimeNamespaces(spec, bundle),
      ...idMappings(spec),
      ...(devices.length > 0 ? { devices } : {}),
      ...(host.cgroupPath === undefined ? {} : { cgroupsPath: host.cgroupPath }),
      resources,
      ...(Object.keys(spec.sysctl).length > 0 ? { sysctl: spec.sysctl } : {}),
      ...(seccomp === undefined ? {} : { seccomp }),
      ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
      ...(spec.rdtClass === undefined ? {} : { intelRdt: { closID: spec.rdtClass } }),
      ...(spec.personality === undefined ? {} : { personality: { domain: spec.personality } }),
      ...(maskedPaths.length > 0 ? { maskedPaths } : {}),
      ...(readonlyPaths.length > 0 ? { readonlyPaths } : {}),
    },
  };
}

/** The user's own profile counts even for --privileged; the default one does not. */
function seccompFor(
  spec: ContainerSpec,
  host: HostFacts,
  capabilities: string[],
): Record<string, unknown> | undefined {
  const { seccomp, seccompProfile, privileged } = spec.security;
  if (!host.seccomp) return undefined;
  if (seccompProfile !== undefined)
    return resolveSeccomp(seccompProfile, { architecture: host.architecture, capabilities });
  if (seccomp === 'unconfined' || (privileged && seccomp === undefined)) return undefined;
  const path = seccomp ?? host.seccompProfilePath;
  const profile = path === undefined ? builtinSeccompProfile() : readSeccompProfile(path);
  return resolveSeccomp(profile, { architecture: host.architecture, capabilities });
}

function idMappings({ userNamespace }: ContainerSpec): Pick<OciLinux, 'uidMappings' | 'gidMappings'> {
  if (userNamespace === undefined) return {};
  const mappings = (ranges: UserNamespaceSpec['uids']) =>
    ranges.map(({ containerId, hostId, size }) => ({ containerID: containerId, hostID: hostId, size }));
  return { uidMappings: mappings(userNamespace.uids), gidMappings: mappings(userNamespace.gids) };
}

/** How systemd is to stop the container's scope at a shutdown or the end of a login, which without it waits for a minute and a half. */
function scopeProperties(spec: ContainerSpec): Record<string, string> {
  return {
    'org.systemd.property.KillSignal': String(spec.stopSignal),
    'org.systemd.property.TimeoutStopUSec': `uint64 ${spec.stopTimeout}000000`,
  };
}

/** The names under which other tools look for these facts. */
export function runtimeAnnotations(spec: ContainerSpec): Record<string, string> {
  return {
    'io.container.manager': 'libpod',
    'org.opencontainers.image.stopSignal': String(spec.stopSignal),
    ...spec.annotations,
  };
}

import { InvalidSpecError } from '../base/errors.ts';
import type { OciLinux, OciResources } from '../oci/runtime-spec.ts';
import { isConfined } from './confined.ts';
import type { ContainerSpec } from './container-spec.ts';
import { parseDeviceRule } from './devices.ts';
import type { HostFacts } from './host-facts.ts';

type OciDevice = NonNullable<OciLinux['devices']>[number];
type DeviceRule = NonNullable<OciResources['devices']>[number];

/** Nodes to make, and what the device cgroup lets through. In a user namespace neither is possible: runtime-mounts binds. */
export function runtimeDevices(
  spec: ContainerSpec,
  host: HostFacts,
): { devices: OciDevice[]; rules: DeviceRule[] } {
  if (host.rootless) return { devices: [], rules: [] };
  const { privileged } = spec.security;
  const devices = new Map<string, OciDevice>();
  const rules: DeviceRule[] = [{ allow: privileged, access: 'rwm' }];
  const confined = isConfined(spec, host);
  if (privileged && !confined)
    for (const device of host.hostDevices)
      if (!MADE_BY_RUNTIME.has(device.path)) devices.set(device.path, node(device.path, device));
  for (const device of spec.devices) {
    const found = host.devices[device.source];
    if (found === undefined)
      throw new InvalidSpecError(`cannot add device ${device.source}: no such file or directory`);
    if (!confined) devices.set(device.destination, node(device.destination, found));
    if (!privileged)
      rules.push({
        allow: true,
        type: found.type,
        major: found.major,
        minor: found.minor,
        access: device.permissions,
      });
  }
  for (const text of spec.deviceCgroupRules) {
    const { type, major, minor, access } = parseDeviceRule(text);
    rules.push({
      allow: true,
      type,
      ...(major === undefined ? {} : { major }),
      ...(minor === undefined ? {} : { minor }),
      access,
    });
  }
  return { devices: [...devices.values()], rules };
}

/** In each container, whatever it is allowed. */
export const MADE_BY_RUNTIME = new Set([
  '/dev/null',
  '/dev/zero',
  '/dev/full',
  '/dev/random',
  '/dev/urandom',
  '/dev/tty',
  '/dev/ptmx',
  '/dev/console',
]);

function node(path: string, facts: HostFacts['devices'][string]): OciDevice {
  const { type, major, minor, uid, gid } = facts;
  return { type, path, major, minor, fileMode: facts.mode & 0o7777, uid, gid };
}

import { existsSync } from 'node:fs';
import { blamingConf } from '../base/containers-conf-blame.ts';
import { posix } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import type { DeviceSpec } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';
import type { SpecContext } from './spec-context.ts';

export function devicesFromOptions(options: CreateOptions, context: SpecContext): DeviceSpec[] {
  const parse = (flags: readonly string[] = []): DeviceSpec[] =>
    flags.filter((flag) => flag !== '' && !isCdiName(flag)).map(parseDevice);
  const configured = (): DeviceSpec[] =>
    parse(context.config.containers.devices).map((device) => {
      if (existsSync(device.source)) return device;
      throw new InvalidSpecError(`cannot use device ${device.source}: no such file or directory`);
    });
  return [...blamingConf(context.config, 'containers.devices', configured), ...parse(options.device)];
}

/** Devices by name of the Container Device Interface: `--device vendor.com/class=name`, and `--gpus`. */
export function cdiDevicesFromOptions(options: CreateOptions, context: SpecContext): string[] {
  const named = deviceFlags(options, context).filter(isCdiName);
  return [...new Set([...named, ...(options.gpus ?? []).flatMap(gpuNames)])];
}

function deviceFlags(options: CreateOptions, context: SpecContext): string[] {
  return [...context.config.containers.devices, ...(options.device ?? [])].filter((flag) => flag !== '');
}

function isCdiName(flag: string): boolean {
  return /^[A-Za-z][\w.-]*\/[A-Za-z0-9][\w.-]*=[A-Za-z0-9][\w.:-]*$/.test(flag);
}

/** `all`, a number or id, docker's `device=0`. */
function gpuNames(text: string): string[] {
  const names = text
    .replace(/^"?device=/, '')
    .replaceAll('"', '')
    .split(',');
  return names.map((name) => {
    if (/^[A-Za-z0-9][\w.:-]*$/.test(name)) return `nvidia.com/gpu=${name}`;
    throw new InvalidSpecError(`invalid --gpus "${text}": must be all, or numbers or ids of devices`);
  });
}

/** `HOST-DEVICE[:CONTAINER-DEVICE][:PERMISSIONS]` */
function parseDevice(flag: string): DeviceSpec {
  const [source = '', second, third, ...rest] = flag.split(':');
  if (source === '' || !source.startsWith('/') || rest.length > 0)
    throw new InvalidSpecError(`invalid device specification: ${flag}`);
  const secondIsMode = second !== undefined && third === undefined && isMode(second);
  const destination = second === undefined || second === '' || secondIsMode ? source : second;
  const permissions = third ?? (secondIsMode ? second : 'rwm');
  if (!isMode(permissions)) throw new InvalidSpecError(`invalid device mode: ${permissions} in ${flag}`);
  if (!destination.startsWith('/'))
    throw new InvalidSpecError(
      `invalid device specification: ${flag}: "${destination}" is not an absolute path`,
    );
  return { source: posix.normalize(source), destination: posix.normalize(destination), permissions };
}

function isMode(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

/** `c 10:200 rwm`; `*` for any number, `a` for all types. */
export function parseDeviceRule(text: string): {
  type: string;
  major: number | undefined;
  minor: number | undefined;
  access: string;
} {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text.trim());
  if (match === null) throw new InvalidSpecError(`invalid device cgroup rule format: '${text}'`);
  const number = (part: string | undefined) => (part === '*' ? undefined : Number(part));
  return { type: match[1] ?? 'a', major: number(match[2]), minor: number(match[3]), access: match[4] ?? '' };
}

import { posix } from 'node:path';
import { InvalidSpecError, UsageError } from '../base/errors.ts';
import { parseSize } from '../base/sizes.ts';
import type { OciResources } from '../oci/runtime-spec.ts';
import type { DeviceLimit, ResourcesSpec } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';
import type { HostFacts } from './host-facts.ts';

type Throttle = NonNullable<ResourcesSpec['throttle']>;

/** Limits for single block devices, as far as the flags name any. */
export function deviceLimitsFromOptions(
  options: Partial<CreateOptions>,
): Pick<ResourcesSpec, 'blkioWeightDevice' | 'throttle'> {
  const weights = (options.blkioWeightDevice ?? []).map(parseWeight);
  const throttle: Throttle = {};
  for (const [member, flag, isBytes] of THROTTLES) {
    const limits = (options[flag] ?? []).map((text) => parseRate(text, longName(flag), isBytes));
    if (limits.length > 0) throttle[member] = limits;
  }
  return {
    ...(weights.length > 0 ? { blkioWeightDevice: weights } : {}),
    ...(Object.keys(throttle).length > 0 ? { throttle } : {}),
  };
}

const THROTTLES = [
  ['readBps', 'deviceReadBps', true],
  ['writeBps', 'deviceWriteBps', true],
  ['readIops', 'deviceReadIops', false],
  ['writeIops', 'deviceWriteIops', false],
] as const;

/** Every block device that a limit names. */
export function limitedDevices({ blkioWeightDevice, throttle }: ResourcesSpec): string[] {
  const limits = [blkioWeightDevice ?? [], ...Object.values(throttle ?? {})].flat();
  return [...new Set(limits.map(({ path }) => path))];
}

/** By number, as the runtime wants them. */
export function runtimeDeviceLimits(
  { blkioWeightDevice, throttle }: ResourcesSpec,
  devices: HostFacts['devices'],
): NonNullable<OciResources['blockIO']> {
  const numbers = (path: string): { major: number; minor: number } => {
    const found = devices[path];
    if (found === undefined) throw new InvalidSpecError(`no such block device: ${path}`);
    return { major: found.major, minor: found.minor };
  };
  const rates = (limits: readonly DeviceLimit[] | undefined) =>
    limits?.map(({ path, value }) => ({ ...numbers(path), rate: value }));
  const { readBps, writeBps, readIops, writeIops } = throttle ?? {};
  const all = {
    weightDevice: blkioWeightDevice?.map(({ path, value }) => ({ ...numbers(path), weight: value })),
    throttleReadBpsDevice: rates(readBps),
    throttleWriteBpsDevice: rates(writeBps),
    throttleReadIOPSDevice: rates(readIops),
    throttleWriteIOPSDevice: rates(writeIops),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function parseWeight(text: string): DeviceLimit {
  const { path, value } = split(text, 'blkio-weight-device', '<device-path>:weight');
  const weight = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(weight === 0 || (weight >= 10 && weight <= 1000)))
    throw new InvalidSpecError(`invalid weight for device: ${text}: must be from 10 to 1000`);
  return { path, value: weight };
}

function parseRate(text: string, flag: string, isBytes: boolean): DeviceLimit {
  const form = isBytes ? '<device-path>:<number>[<unit>]' : '<device-path>:<number>';
  const { path, value } = split(text, flag, form);
  if (isBytes) return { path, value: parseSize(value, `--${flag}`) };
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(Number(value)))
    throw new UsageError(`invalid rate for --${flag}: ${text}: the form is ${form}, a whole number`);
  return { path, value: Number(value) };
}

function split(text: string, flag: string, form: string): { path: string; value: string } {
  const at = text.lastIndexOf(':');
  const path = text.slice(0, Math.max(0, at));
  if (!path.startsWith('/dev/'))
    throw new UsageError(`bad format for --${flag}: ${text}: the form is ${form}, with a path below /dev`);
  return { path: posix.normalize(path), value: text.slice(at + 1) };
}

function longName(flag: string): string {
  return flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

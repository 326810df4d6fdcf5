import { type BusConnection, BusError, openBus } from '../native/bus-connection.ts';
import { type BusVariant, BusWriter } from '../native/bus-message.ts';
import { cpuWeight, ioWeight, swapAlone } from './cgroup2-values.ts';
import type { OciResources } from './runtime-spec.ts';
import { callManager, startTransient } from './systemd-scope.ts';

const DEADLINE_MS = 10_000;
const MICROSECONDS = 1_000_000;

export type UnitProperty = readonly [name: string, value: BusVariant];

/** Starts a slice with these limits, or gives one that is there others. cgroup v2 only. */
export async function limitSlice(bus: string, slice: string, limits: OciResources): Promise<void> {
  const properties = sliceProperties(limits);
  const connection = openBus(bus, DEADLINE_MS);
  try {
    await startTransient(connection, slice, [
      ['Description', { type: 's', value: 'pod of containers' }],
      ...properties,
    ]);
  } catch (error) {
    if (!(error instanceof BusError) || !error.busName.endsWith('.UnitExists')) throw error;
    await setProperties(connection, slice, properties);
  } finally {
    connection.close();
  }
}

/** It would stay although nothing is in it: it was started by name. */
export async function stopSlice(bus: string, slice: string): Promise<void> {
  const connection = openBus(bus, DEADLINE_MS);
  try {
    await callManager(connection, 'StopUnit', 'ss', new BusWriter().string(slice).string('replace'));
  } catch (error) {
    if (!(error instanceof BusError) || !error.busName.endsWith('.NoSuchUnit')) throw error;
  } finally {
    connection.close();
  }
}

async function setProperties(
  connection: BusConnection,
  slice: string,
  properties: readonly UnitProperty[],
): Promise<void> {
  // true: until the next boot.
  const body = new BusWriter().string(slice).u32(1);
  body.array(8, (writer) => {
    for (const [name, value] of properties) writer.align(8).string(name).variant(value);
  });
  await callManager(connection, 'SetUnitProperties', 'sba(sv)', body);
}

/** The words of systemd for limits. */
export function sliceProperties({ memory, cpu, blockIO }: OciResources): UnitProperty[] {
  const properties: UnitProperty[] = [];
  const number = (name: string, value: number | bigint | undefined): void => {
    if (value !== undefined) properties.push([name, { type: 't', value: BigInt(value) }]);
  };
  number('MemoryMax', memory?.limit);
  const swap = swapAlone(memory);
  number('MemorySwapMax', swap === -1 ? UNLIMITED : swap);
  if (cpu?.shares !== undefined) number('CPUWeight', cpuWeight(cpu.shares));
  if (cpu?.quota !== undefined) {
    const period = cpu.period ?? 100_000;
    number('CPUQuotaPeriodUSec', period);
    number('CPUQuotaPerSecUSec', cpu.quota < 0 ? UNLIMITED : Math.round((cpu.quota * MICROSECONDS) / period));
  }
  if (cpu?.cpus !== undefined) properties.push(['AllowedCPUs', { type: 'ay', value: bitsOf(cpu.cpus) }]);
  if (cpu?.mems !== undefined)
    properties.push(['AllowedMemoryNodes', { type: 'ay', value: bitsOf(cpu.mems) }]);
  if (blockIO?.weight) number('IOWeight', ioWeight(blockIO.weight));
  const devices = (
    name: string,
    list: readonly { major: number; minor: number; value: number }[] | undefined,
  ): void => {
    if (list === undefined || list.length === 0) return;
    const value = list.map(
      ({ major, minor, value: each }) => [`/dev/block/${major}:${minor}`, BigInt(each)] as const,
    );
    properties.push([name, { type: 'a(st)', value }]);
  };
  devices(
    'IODeviceWeight',
    blockIO?.weightDevice?.map(({ weight, ...at }) => ({ ...at, value: ioWeight(weight) })),
  );
  const rates = (list: NonNullable<OciResources['blockIO']>['throttleReadBpsDevice']) =>
    list?.map(({ rate, ...at }) => ({ ...at, value: rate }));
  devices('IOReadBandwidthMax', rates(blockIO?.throttleReadBpsDevice));
  devices('IOWriteBandwidthMax', rates(blockIO?.throttleWriteBpsDevice));
  return properties;
}

const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** `0-2,4` as a mask, the lowest byte first. */
function bitsOf(list: string): number[] {
  const bytes: number[] = [];
  for (const part of list.split(',')) {
    const [first = 0, last = first] = part.split('-').map(Number);
    for (let bit = first; bit <= last; bit++) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
  }
  return Array.from(bytes, (byte) => byte ?? 0);
}

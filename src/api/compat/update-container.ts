import { UnsupportedError } from '../../base/errors.ts';
import { updateContainer, type UpdateRequest } from '../../engine/update-container.ts';
import { numberIn, objectIn, textIn } from '../body.ts';
import type { Handler } from '../exchange.ts';
import { type JsonObject, readJson } from '../read-body.ts';
import { sendJson } from '../respond.ts';
import { namedContainer } from './named-container.ts';

/** Members that mean something to docker and have no counterpart in what a container may be told later. */
const UNSUPPORTED = [
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
  'Devices',
  'DeviceCgroupRules',
  'DeviceRequests',
  'Ulimits',
  'CgroupParent',
];

export const update: Handler = async (exchange) => {
  const record = namedContainer(exchange);
  const body = await readJson(exchange);
  for (const name of UNSUPPORTED) {
    const value = body[name];
    if (value && !(Array.isArray(value) && value.length === 0))
      throw new UnsupportedError(`${name} of a container cannot be changed`);
  }
  await updateContainer(exchange.engine, record, requestFrom(body));
  sendJson(exchange, 200, { Warnings: [] });
};

/** Zero and nothing at all leave a limit as it is. */
function requestFrom(body: JsonObject): UpdateRequest {
  const number = (name: string): number | undefined => numberIn(body, name) || undefined;
  const text = (name: string): string | undefined => number(name)?.toString();
  const policy = objectIn(body, 'RestartPolicy');
  const name = textIn(policy, 'Name');
  const retries = numberIn(policy, 'MaximumRetryCount') ?? 0;
  const nanoCpus = number('NanoCpus');
  const all = {
    memory: text('Memory'),
    memoryReservation: text('MemoryReservation'),
    memorySwap: text('MemorySwap'),
    cpuShares: number('CpuShares'),
    cpuPeriod: number('CpuPeriod'),
    cpuQuota: number('CpuQuota'),
    cpus: nanoCpus === undefined ? undefined : nanoCpus / 1e9,
    cpusetCpus: textIn(body, 'CpusetCpus'),
    cpusetMems: textIn(body, 'CpusetMems'),
    blkioWeight: text('BlkioWeight'),
    pidsLimit: number('PidsLimit'),
    restart: name === undefined ? undefined : retries > 0 ? `${name}:${retries}` : name,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

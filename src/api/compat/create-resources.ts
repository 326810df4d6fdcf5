import { UnsupportedError } from '../../base/errors.ts';
import type { CreateOptions } from '../../specgen/create-options.ts';
import { flagIn, numberIn, objectsIn, textIn, textMapIn, textsIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';

type Partly = { [Key in keyof CreateOptions]?: CreateOptions[Key] | undefined };

/** Limits and devices. In most of these members 0 means "not set". */
export function resourceOptions(host: JsonObject): Partly {
  const bytes = (name: string): string | undefined => {
    const value = set(host, name);
    return value === undefined ? undefined : value < 0 ? '-1' : `${value}b`;
  };
  const cpus = set(host, 'NanoCpus');
  const swappiness = numberIn(host, 'MemorySwappiness');
  const weight = set(host, 'BlkioWeight');
  return {
    memory: bytes('Memory'),
    memoryReservation: bytes('MemoryReservation'),
    memorySwap: bytes('MemorySwap'),
    memorySwappiness: swappiness === -1 ? undefined : swappiness,
    cpus: cpus === undefined ? undefined : cpus / 1e9,
    cpuShares: set(host, 'CpuShares'),
    cpuPeriod: set(host, 'CpuPeriod'),
    cpuQuota: set(host, 'CpuQuota'),
    cpuRtPeriod: set(host, 'CpuRealtimePeriod'),
    cpuRtRuntime: set(host, 'CpuRealtimeRuntime'),
    cpusetCpus: textIn(host, 'CpusetCpus'),
    cpusetMems: textIn(host, 'CpusetMems'),
    pidsLimit: set(host, 'PidsLimit'),
    blkioWeight: weight === undefined ? undefined : String(weight),
    blkioWeightDevice: deviceLimits(host, 'BlkioWeightDevice', 'Weight'),
    deviceReadBps: deviceLimits(host, 'BlkioDeviceReadBps', 'Rate'),
    deviceReadIops: deviceLimits(host, 'BlkioDeviceReadIOps', 'Rate'),
    deviceWriteBps: deviceLimits(host, 'BlkioDeviceWriteBps', 'Rate'),
    deviceWriteIops: deviceLimits(host, 'BlkioDeviceWriteIOps', 'Rate'),
    oomKillDisable: flagIn(host, 'OomKillDisable') === true ? true : undefined,
    oomScoreAdj: set(host, 'OomScoreAdj'),
    shmSize: bytes('ShmSize'),
    ulimit: objectsIn(host, 'Ulimits').map(
      (limit) =>
        `${textIn(limit, 'Name') ?? ''}=${numberIn(limit, 'Soft') ?? 0}:${numberIn(limit, 'Hard') ?? 0}`,
    ),
    device: [...objectsIn(host, 'Devices').map(deviceText), ...requestedDevices(host)],
    deviceCgroupRule: textsIn(host, 'DeviceCgroupRules'),
    storageOpt: Object.entries(textMapIn(host, 'StorageOpt')).map(([key, value]) => `${key}=${value}`),
  };
}

function deviceLimits(host: JsonObject, name: string, member: 'Rate' | 'Weight'): string[] {
  return objectsIn(host, name).map(
    (limit) => `${textIn(limit, 'Path') ?? ''}:${numberIn(limit, member) ?? 0}`,
  );
}

/** By CDI name, or so many GPUs. */
function requestedDevices(host: JsonObject): string[] {
  return objectsIn(host, 'DeviceRequests').flatMap((request) => {
    const driver = textIn(request, 'Driver') ?? '';
    const ids = textsIn(request, 'DeviceIDs');
    if (driver === 'cdi') return ids;
    const capabilities = request['Capabilities'];
    const isGpu = Array.isArray(capabilities) && capabilities.flat().includes('gpu');
    if (!isGpu || (driver !== '' && driver !== 'nvidia'))
      throw new UnsupportedError(`HostConfig.DeviceRequests with the driver "${driver}" are not supported`);
    const count = numberIn(request, 'Count') ?? 0;
    const names =
      ids.length > 0 ? ids : count < 0 ? ['all'] : Array.from({ length: count }, (_, at) => String(at));
    return names.map((name) => `nvidia.com/gpu=${name}`);
  });
}

function deviceText(device: JsonObject): string {
  const outside = textIn(device, 'PathOnHost') ?? '';
  const inside = textIn(device, 'PathInContainer') ?? outside;
  return `${outside}:${inside}:${textIn(device, 'CgroupPermissions') ?? 'rwm'}`;
}

function set(host: JsonObject, name: string): number | undefined {
  return numberIn(host, name) || undefined;
}

/** Members that nothing here stands for (KernelMemory docker passes over as well): whoever sets one learns that it would have no effect. */
const REFUSED = [
  'Cgroup',
  'KernelMemoryTCP',
  'CpuCount',
  'CpuPercent',
  'IOMaximumIOps',
  'IOMaximumBandwidth',
];

export function refuseUnsupported(body: JsonObject, host: JsonObject): void {
  for (const name of REFUSED)
    if (!isEmpty(host[name])) throw new UnsupportedError(`HostConfig.${name} is not supported`);
  const isolation = textIn(host, 'Isolation');
  if (isolation !== undefined && isolation !== 'default')
    throw new UnsupportedError(`HostConfig.Isolation ${JSON.stringify(isolation)} is not supported`);
  const driver = textIn(host, 'VolumeDriver');
  if (driver !== undefined && driver !== 'local')
    throw new UnsupportedError(`HostConfig.VolumeDriver ${JSON.stringify(driver)} is not supported`);
  if (!isEmpty(body['OnBuild'])) throw new UnsupportedError('OnBuild is not supported for containers');
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === 0 || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

import { UnsupportedError } from '../../base/errors.ts';
import { updateContainer, type UpdateRequest } from '../../engine/update-container.ts';
import { namedContainer } from '../compat/named-container.ts';
import { flagIn, numberIn, objectIn, objectsIn, textIn, textsIn } from '../body.ts';
import { ulimitsIn } from './ulimits.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { type JsonObject, readJson } from '../read-body.ts';
import { sendJson } from '../respond.ts';

/** The runtime's own document of limits, around it what else may change. Old clients send the document alone, or in `Resources`. */
export const update: Handler = async (exchange) => {
  const record = namedContainer(exchange);
  const body = await readJson(exchange);
  const inner = objectIn(body, 'Resources');
  const resources = Object.keys(inner).length > 0 ? inner : body;
  await updateContainer(exchange.engine, record, { ...limitsIn(resources), ...othersIn(exchange, body) });
  sendJson(exchange, 201, record.id);
};

function limitsIn(resources: JsonObject): UpdateRequest {
  for (const name of ['devices', 'hugepageLimits', 'network', 'rdma', 'unified'])
    refuseGiven(resources, name);
  const memory = objectIn(resources, 'memory');
  const cpu = objectIn(resources, 'cpu');
  const blockIO = objectIn(resources, 'blockIO');
  if (flagIn(memory, 'disableOOMKiller') === true) refuseGiven(memory, 'disableOOMKiller');
  return defined({
    memory: wordIn(memory, 'limit'),
    memoryReservation: wordIn(memory, 'reservation'),
    memorySwap: wordIn(memory, 'swap'),
    memorySwappiness: numberIn(memory, 'swappiness'),
    cpuShares: numberIn(cpu, 'shares'),
    cpuPeriod: numberIn(cpu, 'period'),
    cpuQuota: numberIn(cpu, 'quota'),
    cpuRtPeriod: numberIn(cpu, 'realtimePeriod'),
    cpuRtRuntime: numberIn(cpu, 'realtimeRuntime'),
    cpusetCpus: textIn(cpu, 'cpus'),
    cpusetMems: textIn(cpu, 'mems'),
    pidsLimit: numberIn(objectIn(resources, 'pids'), 'limit'),
    blkioWeight: wordIn(blockIO, 'weight'),
    deviceReadBps: devicesIn(blockIO, 'throttleReadBpsDevice'),
    deviceWriteBps: devicesIn(blockIO, 'throttleWriteBpsDevice'),
    deviceReadIops: devicesIn(blockIO, 'throttleReadIOPSDevice'),
    deviceWriteIops: devicesIn(blockIO, 'throttleWriteIOPSDevice'),
  });
}

function othersIn({ query }: Exchange, body: JsonObject): UpdateRequest {
  const policy = query.text('restartPolicy');
  const retries = query.integer('restartRetries');
  const env = textsIn(body, 'Env');
  const unsetenv = textsIn(body, 'UnsetEnv');
  return defined({
    ...healthIn(body),
    ulimit: ulimitsIn(body),
    ...deviceLimitsIn(body),
    restart: policy === undefined || retries === undefined ? policy : `${policy}:${retries}`,
    env: env.length === 0 ? undefined : env,
    unsetenv: unsetenv.length === 0 ? undefined : unsetenv,
  });
}

/** The members that the flags `--health-…` of `update` become. */
function healthIn(body: JsonObject): { [Name in keyof UpdateRequest]: UpdateRequest[Name] | undefined } {
  return {
    healthCmd: textIn(body, 'health_cmd'),
    healthInterval: textIn(body, 'health_interval'),
    healthRetries: numberIn(body, 'health_retries'),
    healthTimeout: textIn(body, 'health_timeout'),
    healthStartPeriod: textIn(body, 'health_start_period'),
    healthOnFailure: textIn(body, 'health_on_failure'),
    healthLogDestination: textIn(body, 'health_log_destination'),
    healthMaxLogCount: numberIn(body, 'health_max_log_count'),
    healthMaxLogSize: numberIn(body, 'health_max_log_size'),
    healthStartupCmd: textIn(body, 'health_startup_cmd'),
    healthStartupInterval: textIn(body, 'health_startup_interval'),
    healthStartupRetries: numberIn(body, 'health_startup_retries'),
    healthStartupSuccess: numberIn(body, 'health_startup_success'),
    healthStartupTimeout: textIn(body, 'health_startup_timeout'),
    noHealthcheck: flagIn(body, 'no_healthcheck') === true ? true : undefined,
  };
}

/** What podman's own client sends for devices: it leaves their numbers to the service. */
function deviceLimitsIn(body: JsonObject): {
  [Name in keyof UpdateRequest]: UpdateRequest[Name] | undefined;
} {
  const limits = (name: string, value: 'Rate' | 'Weight'): string[] | undefined => {
    const given = objectsIn(body, name);
    if (given.length === 0) return undefined;
    return given.map((limit) => `${textIn(limit, 'Path') ?? ''}:${numberIn(limit, value) ?? 0}`);
  };
  return defined({
    blkioWeightDevice: limits('BlkIOWeightDevice', 'Weight'),
    deviceReadBps: limits('DeviceReadBPs', 'Rate'),
    deviceWriteBps: limits('DeviceWriteBPs', 'Rate'),
    deviceReadIops: limits('DeviceReadIOPs', 'Rate'),
    deviceWriteIops: limits('DeviceWriteIOPs', 'Rate'),
  });
}

function refuseGiven(body: JsonObject, name: string): void {
  const value = body[name];
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (value !== undefined && value !== null && !isEmpty)
    throw new UnsupportedError(`${name} of a container cannot be changed through the API`, {
      hint: 'see `tspod update --help`',
    });
}

function wordIn(body: JsonObject, name: string): string | undefined {
  return numberIn(body, name)?.toString();
}

/** Empty ones leave what is set. The document names devices by their numbers. */
function devicesIn(body: JsonObject, name: string): string[] | undefined {
  const limits = objectsIn(body, name);
  if (limits.length === 0) return undefined;
  return limits.map(
    (limit) =>
      `/dev/block/${numberIn(limit, 'major') ?? 0}:${numberIn(limit, 'minor') ?? 0}:${numberIn(limit, 'rate') ?? 0}`,
  );
}

function defined(request: { [Name in keyof UpdateRequest]: UpdateRequest[Name] | undefined }): UpdateRequest {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}

import { WrongStateError } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import { parseSize } from '../base/sizes.ts';
import type { ContainerRecord } from '../libpod/container.ts';
import { cgroupVersion } from '../libpod/host-cgroups.ts';
import { changeLimits } from '../libpod/change-limits.ts';
import type { ContainerSpec, DeviceLimit, ResourcesSpec } from '../specgen/container-spec.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import { checkCpuFlags, resourcesFromOptions } from '../specgen/resources.ts';
import { mergedUlimits } from '../specgen/ulimits.ts';
import { parseRestart } from '../specgen/restart.ts';
import { currentDirectory } from './current-directory.ts';
import { refuseAbsentCpus } from './docker-cpus.ts';
import type { Engine } from './engine.ts';
import { type HealthRequest, splitHealth, updatedHealth } from './update-health.ts';

/** What may be changed of a container that exists; absent: as it is. Texts as `run` takes them. */
export type UpdateRequest = Partial<
  Pick<
    CreateOptions,
    | 'blkioWeight'
    | 'blkioWeightDevice'
    | 'cpuPeriod'
    | 'cpuQuota'
    | 'cpuRtPeriod'
    | 'cpuRtRuntime'
    | 'cpuShares'
    | 'cpus'
    | 'cpusetCpus'
    | 'cpusetMems'
    | 'deviceReadBps'
    | 'deviceReadIops'
    | 'deviceWriteBps'
    | 'deviceWriteIops'
    | 'memory'
    | 'memoryReservation'
    | 'memorySwap'
    | 'memorySwappiness'
    | 'pidsLimit'
    | 'restart'
    | 'env'
    | 'ulimit'
  >
> &
  HealthRequest & { unsetenv?: string[] };

/** Changes limits, of the running processes at once, and what counts from the next start on. */
export async function updateContainer(
  engine: Engine,
  record: ContainerRecord,
  request: UpdateRequest,
): Promise<void> {
  refuseAbsentCpus(engine, request.cpus);
  await changeLimits(engine, record.id, (spec) => changed(engine, spec, request));
}

function changed(engine: Engine, spec: ContainerSpec, request: UpdateRequest): ContainerSpec {
  const { health, rest } = splitHealth(request);
  const { restart: policy, env, unsetenv, ulimit, ...limits } = rest;
  const restart = policy === undefined ? spec.restart : parseRestart(policy);
  if (spec.autoRemove && restart.name !== 'no')
    throw new WrongStateError(`container ${spec.name} removes itself at its end (--rm): it cannot restart`);
  const given = Object.values(limits).some((value) => value !== undefined);
  const { health: _health, ...others } = spec;
  return {
    ...others,
    ...updatedHealth({ ...spec, restart }, health, currentDirectory()),
    restart,
    resources: given ? mergedLimits(engine, spec.resources, limits) : spec.resources,
    process: {
      ...spec.process,
      rlimits: ulimit === undefined ? spec.process.rlimits : mergedUlimits(spec.process.rlimits, ulimit),
      env: mergedEnv(spec.process.env, env ?? [], unsetenv ?? []),
    },
  };
}

/** Limits as they are, with what was asked for changed. */
export function mergedLimits(engine: Engine, old: ResourcesSpec, limits: UpdateRequest): ResourcesSpec {
  const options = { ...optionsOf(old), ...defined(limits) };
  checkCpuFlags(limits);
  if (limits.cpus !== undefined) {
    delete options.cpuPeriod;
    delete options.cpuQuota;
  }
  // Twice the memory was the default: it goes with the memory.
  const isStandardSwap = old.memory !== undefined && old.memorySwap === old.memory * 2;
  const isLifted = limits.memory !== undefined && parseSize(limits.memory || '0', '--memory') === 0;
  if (limits.memory !== undefined && limits.memorySwap === undefined && (isStandardSwap || isLifted))
    delete options.memorySwap;
  const context = {
    config: engine.config,
    rootless: rootlessUid() !== undefined,
    host: { cgroupVersion: cgroupVersion() },
    warn: () => undefined,
  };
  const { cgroups, cgroupParent, oomKillDisable, unified } = old;
  const { pidsLimitGiven, ...now } = resourcesFromOptions(options, context);
  return {
    ...now,
    ...(pidsLimitGiven && (old.pidsLimitGiven || limits.pidsLimit !== undefined) ? { pidsLimitGiven } : {}),
    cgroups,
    ...(cgroupParent === undefined ? {} : { cgroupParent }),
    ...(unified === undefined ? {} : { unified }),
    ...(oomKillDisable === undefined ? {} : { oomKillDisable }),
  };
}

/** As they would have been given. */
function optionsOf(resources: ResourcesSpec): UpdateRequest {
  const text = (bytes: number | undefined): string | undefined =>
    bytes === undefined ? undefined : String(bytes);
  return defined({
    memory: text(resources.memory),
    memoryReservation: text(resources.memoryReservation),
    memorySwap: text(resources.memorySwap),
    memorySwappiness: resources.memorySwappiness,
    cpuShares: resources.cpuShares,
    cpuPeriod: resources.cpuPeriod,
    cpuQuota: resources.cpuQuota,
    cpuRtPeriod: resources.cpuRtPeriod,
    cpuRtRuntime: resources.cpuRtRuntime,
    blkioWeightDevice: deviceLimits(resources.blkioWeightDevice),
    deviceReadBps: deviceLimits(resources.throttle?.readBps),
    deviceReadIops: deviceLimits(resources.throttle?.readIops),
    deviceWriteBps: deviceLimits(resources.throttle?.writeBps),
    deviceWriteIops: deviceLimits(resources.throttle?.writeIops),
    cpusetCpus: resources.cpusetCpus,
    cpusetMems: resources.cpusetMems,
    blkioWeight: text(resources.blkioWeight),
    pidsLimit: resources.pidsLimit ?? 0,
  });
}

function deviceLimits(limits: readonly DeviceLimit[] | undefined): string[] | undefined {
  return limits?.map(({ path, value }) => `${path}:${value}`);
}

function defined(request: { [Key in keyof UpdateRequest]?: UpdateRequest[Key] | undefined }): UpdateRequest {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}

/** The last one of a name wins; without `=` the caller's own value, if there is one. */
function mergedEnv(old: readonly string[], added: readonly string[], removed: readonly string[]): string[] {
  const env = new Map(old.map((pair) => [pair.split('=', 1)[0] ?? '', pair]));
  for (const pair of added) {
    const name = pair.split('=', 1)[0] ?? '';
    const value = pair.includes('=') ? pair : `${name}=${process.env[name] ?? ''}`;
    env.set(name, value);
  }
  for (const name of removed) env.delete(name);
  return [...env.values()];
}

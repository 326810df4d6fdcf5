import { InvalidSpecError } from '../base/errors.ts';
import type { ResourcesSpec } from './container-spec.ts';
import type { PodOptions } from './pod-options.ts';
import { type ResourcesContext, resourcesFromOptions } from './resources.ts';

/** Members of PodOptions that are limits of the pod as a whole. */
export const POD_LIMITS = [
  'blkioWeight',
  'blkioWeightDevice',
  'cpuShares',
  'cpus',
  'cpusetCpus',
  'cpusetMems',
  'deviceReadBps',
  'deviceWriteBps',
  'memory',
  'memorySwap',
] as const satisfies readonly (keyof PodOptions)[];

/** What all containers of a pod have together; undefined where no limit is asked for. */
export function podLimitsFromOptions(
  options: PodOptions,
  context: Pick<ResourcesContext, 'config'>,
): ResourcesSpec | undefined {
  const given = POD_LIMITS.filter((key) => options[key] !== undefined);
  if (given.length === 0) return undefined;
  if (options.shareParent === false)
    throw new InvalidSpecError(
      `--${dashed(given[0] ?? '')} is for the cgroup of the pod, which --share-parent=false leaves out`,
    );
  // What holds for every container anyway (pids_limit, cgroup_conf of containers.conf) is no limit of the pod's.
  const { containers } = context.config;
  const resources = resourcesFromOptions(
    { ...Object.fromEntries(given.map((key) => [key, options[key]])), cgroups: 'enabled', pidsLimit: -1 },
    {
      config: { ...context.config, containers: { ...containers, cgroupConf: [] } },
      rootless: false,
      warn: () => undefined,
      host: { cgroupVersion: 2 },
    },
  );
  const { cgroups: _mode, ...limits } = resources;
  return Object.keys(limits).length === 0 ? undefined : resources;
}

function dashed(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

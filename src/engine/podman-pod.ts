import type { PodmanConfig, PodmanPodConfig } from '../image/podman-config.ts';
import type { PodOptions } from '../specgen/pod-options.ts';
import { resourceOptions } from './podman-limits.ts';
import { pairs, type PodmanAround } from './podman-around.ts';
import { podmanPlaces } from './podman-places.ts';

const PAUSE_IMAGE = /^localhost\/podman-pause:|\/pause:/;
const USUAL_PARENTS = ['/libpod_parent', 'machine.slice', 'user.slice'];

/** A pod of podman as options of `pod create`: its infra container has what is shared. */
export function podmanPodOptions(
  pod: PodmanPodConfig,
  infra: PodmanConfig | undefined,
  around: PodmanAround,
): PodOptions {
  const tries = pod.RestartRetries ?? 0;
  const policy = pod.RestartPolicy || undefined;
  const { cpuQuota, cpuPeriod, ...limits } = resourceOptions(pod.ResourceLimits ?? {});
  const shares = [
    ...(pod.sharesIpc === true ? ['ipc'] : []),
    ...(pod.sharesNet === true ? ['net'] : []),
    ...(pod.sharesUts === true ? ['uts'] : []),
    ...(pod.sharesPid === true ? ['pid'] : []),
    ...(pod.sharesCgroupNS === true ? ['cgroup'] : []),
  ];
  const options: { [Key in keyof PodOptions]?: PodOptions[Key] | undefined } = {
    name: pod.name,
    label: pairs(pod.labels ?? {}),
    exitPolicy: pod.ExitPolicy || undefined,
    restart: policy === undefined || tries === 0 ? policy : `${policy}:${tries}`,
    shareParent: pod.sharesCgroup === true ? undefined : false,
    cgroupParent: USUAL_PARENTS.includes(pod.cgroupParent ?? '') ? undefined : pod.cgroupParent || undefined,
    infra: infra === undefined ? false : undefined,
    share: infra === undefined ? undefined : shares.join(',') || 'none',
    ...(infra === undefined ? {} : infraOptions(infra, around)),
    memory: limits.memory,
    memorySwap: limits.memorySwap,
    cpus: cpuQuota === undefined ? undefined : cpuQuota / (cpuPeriod ?? 100_000),
    cpuShares: limits.cpuShares,
    cpusetCpus: limits.cpusetCpus,
    cpusetMems: limits.cpusetMems,
    blkioWeight: limits.blkioWeight,
    blkioWeightDevice: limits.blkioWeightDevice,
    deviceReadBps: limits.deviceReadBps,
    deviceWriteBps: limits.deviceWriteBps,
  };
  const given = Object.entries(options).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return Object.fromEntries(given);
}

function infraOptions(
  infra: PodmanConfig,
  around: PodmanAround,
): { [Key in keyof PodOptions]?: PodOptions[Key] | undefined } {
  // Seen by itself: it is what it is part of.
  const places = podmanPlaces({ ...infra, pod: '' }, around);
  const isOwnImage = !PAUSE_IMAGE.test(infra.rootfsImageName ?? 'localhost/podman-pause:');
  const { network, publish, dns, dnsSearch, dnsOption, addHost, noHosts, hostsFile } = places;
  const { pid, uts, userns, uidmap, gidmap, shmSize, volume } = places;
  const isImageVolume = (text: string): boolean => /^[0-9a-f]{64}:/.test(text);
  return {
    ...{ network, publish, dns, dnsSearch, dnsOption, addHost, noHosts, hostsFile },
    ...{ pid, uts, userns, uidmap, gidmap, shmSize },
    volume: (volume ?? []).filter((text) => !isImageVolume(text)),
    hostname: infra.spec?.hostname || undefined,
    sysctl: pairs(infra.spec?.linux?.sysctl ?? {}).filter((text) => !text.startsWith('net.ipv4.ping_group')),
    infraName: /^[0-9a-f]{12}-infra$/.test(infra.name ?? '') ? undefined : infra.name,
    ...(isOwnImage
      ? {
          infraImage: infra.RawImageName || infra.rootfsImageName,
          infraCommand: (infra.spec?.process?.args ?? []).join(' ') || undefined,
        }
      : {}),
  };
}

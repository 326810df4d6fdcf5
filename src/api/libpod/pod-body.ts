import { UnsupportedError } from '../../base/errors.ts';
import type { CreatePodRequest } from '../../engine/pods.ts';
import type { PodOptions } from '../../specgen/pod-options.ts';
import { flagIn, numberIn, objectIn, objectsIn, textIn, textMapIn, textsIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';
import { namespace, pairs, saysNothing } from './create-body.ts';
import { mountText, networkTexts, portText, resourceOptions, volumeText } from './create-parts.ts';

type Partly = { [Key in keyof PodOptions]?: PodOptions[Key] | undefined };

/** podman's PodSpecGenerator as options of `pod create`; members that nothing here reads are refused by name, unless they say nothing. */
export function podFromSpec(spec: JsonObject): CreatePodRequest {
  for (const [name, value] of Object.entries(spec))
    if (!READ.has(name.toLowerCase()) && !saysNothing(name, value) && !isEmpty(value))
      throw new UnsupportedError(`${name} in the specification of a pod is not supported`);
  const options: Partly = { ...podOptions(spec), ...infraOptions(spec), ...limitOptions(spec) };
  // What it is anyway; clients send it also where no container is to hold it.
  if (options.infra === false && options.pid === 'private') delete options.pid;
  // An empty list counts as none: some options need an infra container, however little they say.
  const given = Object.entries(options).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  return {
    options: Object.fromEntries(given),
    createCommand: textsIn(spec, 'pod_create_command').slice(1),
  };
}

/** Clients send limits of which none is set. */
function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isEmpty);
  return value === null || value === '' || value === 0 || value === false;
}

function podOptions(spec: JsonObject): Partly {
  const shares = spec['shared_namespaces'] === undefined ? undefined : textsIn(spec, 'shared_namespaces');
  const tries = numberIn(spec, 'restart_tries');
  const policy = textIn(spec, 'restart_policy');
  return {
    name: textIn(spec, 'name'),
    hostname: textIn(spec, 'hostname'),
    label: pairs(spec, 'labels'),
    exitPolicy: textIn(spec, 'exit_policy'),
    restart: policy === undefined || !tries ? policy : `${policy}:${tries}`,
    infra: flagIn(spec, 'no_infra') === true ? false : undefined,
    infraName: textIn(spec, 'infra_name'),
    infraImage: textIn(spec, 'infra_image'),
    infraCommand: textsIn(spec, 'infra_command').join(' ') || undefined,
    share: shares === undefined || shares.length === 0 ? undefined : shares.join(','),
    shareParent: flagIn(spec, 'share_parent') === false ? false : undefined,
    cgroupParent: textIn(spec, 'cgroup_parent'),
    securityOpt: textsIn(spec, 'security_opt'),
    device: textsIn(spec, 'pod_devices'),
  };
}

/** Of the pod as a whole. */
function limitOptions(spec: JsonObject): Partly {
  const { weight: _weight, ...devices } = objectIn(objectIn(spec, 'resource_limits'), 'blockIO');
  if (!isEmpty(devices))
    throw new UnsupportedError(
      'limits for single block devices in the specification of a pod are not supported: make it with tspod pod create',
    );
  const { memory, memorySwap, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems, blkioWeight } =
    resourceOptions(objectIn(spec, 'resource_limits'));
  // As podman's client sends --cpus.
  const cpus = cpuQuota === undefined ? undefined : cpuQuota / (cpuPeriod ?? 100_000);
  return { memory, memorySwap, cpuShares, cpus, cpusetCpus, cpusetMems, blkioWeight };
}

function infraOptions(spec: JsonObject): Partly {
  const mounts = objectsIn(spec, 'mounts').flatMap((mount) => mountText(mount) ?? []);
  if (mounts.length > 0)
    throw new UnsupportedError('mounts in the specification of a pod are not supported: use volumes');
  return {
    network: networkTexts(spec),
    publish: objectsIn(spec, 'portmappings').map(portText),
    dns: textsIn(spec, 'dns_server'),
    dnsSearch: textsIn(spec, 'dns_search'),
    dnsOption: textsIn(spec, 'dns_option'),
    addHost: textsIn(spec, 'hostadd'),
    noHosts: flagIn(spec, 'no_manage_hosts') === true ? true : undefined,
    noHostname: flagIn(spec, 'no_manage_hostname') === true ? true : undefined,
    pid: namespace(spec, 'pidns'),
    uts: namespace(spec, 'utsns'),
    userns: namespace(spec, 'userns'),
    sysctl: Object.entries(textMapIn(spec, 'sysctl')).map(([key, value]) => `${key}=${value}`),
    shmSize: numberIn(spec, 'shm_size') ? `${numberIn(spec, 'shm_size')}b` : undefined,
    volume: objectsIn(spec, 'volumes').map(volumeText),
    volumesFrom: textsIn(spec, 'volumes_from'),
  };
}

const READ = new Set(
  'name hostname labels exit_policy restart_policy restart_tries no_infra infra_name infra_image infra_command shared_namespaces share_parent cgroup_parent security_opt pod_devices pod_create_command mounts netns networks portmappings dns_server dns_search dns_option hostadd no_manage_hosts no_manage_hostname pidns utsns userns sysctl shm_size volumes volumes_from resource_limits'.split(
    ' ',
  ),
);

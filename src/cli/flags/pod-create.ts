import type { PodOptions } from '../../specgen/pod-options.ts';
import { type FlagRecord, flagsFor } from '../flag.ts';
import { networkFlags } from './network.ts';
import { limitFlags, resourceFlags } from './resources.ts';
import { securityFlags } from './security.ts';

/** Flags of the pod itself. */
const podFlags = {
  exitPolicy: {
    long: 'exit-policy',
    type: 'string',
    placeholder: 'policy',
    help: 'What happens when the last container has ended: continue, or stop the pod (default continue)',
    complete: ['continue', 'stop'],
  },
  hostname: {
    long: 'hostname',
    short: 'h',
    type: 'string',
    placeholder: 'name',
    help: 'Host name inside the pod (default: its name)',
  },
  infra: {
    long: 'infra',
    type: 'bool',
    default: true,
    help: 'Make an infra container, which holds what the others share',
  },
  infraCommand: {
    long: 'infra-command',
    type: 'string',
    placeholder: 'command',
    help: 'What the infra container runs, with --infra-image',
  },
  infraConmonPidfile: {
    long: 'infra-conmon-pidfile',
    type: 'string',
    placeholder: 'file',
    help: "Write the pid of the infra container's monitor to this file",
    complete: 'files',
  },
  infraImage: {
    long: 'infra-image',
    type: 'string',
    placeholder: 'image',
    help: 'Image of the infra container; without it none is needed',
    complete: 'images',
  },
  infraName: {
    long: 'infra-name',
    type: 'string',
    placeholder: 'name',
    help: 'Name of the infra container',
  },
  label: {
    long: 'label',
    short: 'l',
    type: 'stringArray',
    placeholder: 'key=value',
    help: 'Label of the pod',
  },
  labelFile: {
    long: 'label-file',
    type: 'stringArray',
    placeholder: 'file',
    help: 'Read labels from this file, one key=value a line',
    complete: 'files',
  },
  name: { long: 'name', short: 'n', type: 'string', placeholder: 'name', help: 'Name of the pod' },
  podIdFile: {
    long: 'pod-id-file',
    type: 'string',
    placeholder: 'file',
    help: 'Write the id of the pod to this file',
    complete: 'files',
  },
  replace: { long: 'replace', type: 'bool', help: 'Remove a pod of the same name first' },
  restart: {
    long: 'restart',
    type: 'string',
    placeholder: 'policy',
    help: 'When its containers are started again: no, always, on-failure[:retries] or unless-stopped',
    complete: ['no', 'always', 'on-failure', 'unless-stopped'],
  },
  share: {
    long: 'share',
    type: 'string',
    placeholder: 'namespaces',
    help: 'What containers share: cgroup, ipc, net, pid, uts or none; with + before it besides the usual (default ipc,net,uts)',
    complete: ['ipc,net,uts', '+pid', 'none'],
  },
  shareParent: {
    long: 'share-parent',
    type: 'bool',
    default: true,
    help: 'Put the cgroups of all its containers into one of the pod',
  },
  volume: {
    long: 'volume',
    short: 'v',
    type: 'stringArray',
    placeholder: '[source:]path[:options]',
    help: 'Mount a directory of the host or a volume into every container',
    complete: 'volumes',
  },
  volumesFrom: {
    long: 'volumes-from',
    type: 'stringArray',
    placeholder: 'container[:options]',
    help: 'Mount all volumes of another container into every container',
    complete: 'containers',
  },
} as const satisfies Record<string, FlagRecord>;

const { cgroupParent, shmSize, shmSizeSystemd } = resourceFlags;
const { device, gidmap, gpus, pid, securityOpt, subgidname, subuidname, sysctl, uidmap, userns, uts } =
  securityFlags;
const { domainname: _, expose: __, link: ____, publishAll: ___, ...reachFlags } = networkFlags;

/** Of all containers of the pod together. */
const podLimitFlags = {
  blkioWeight: {
    ...limitFlags.blkioWeight,
    help: 'Share of block I/O of the whole pod in relation to others (10 to 1000)',
  },
  blkioWeightDevice: limitFlags.blkioWeightDevice,
  cpuShares: { ...limitFlags.cpuShares, help: 'Weight of the whole pod for CPU time in relation to others' },
  cpus: { ...limitFlags.cpus, help: 'How many CPUs its containers may keep busy together, e.g. 1.5' },
  cpusetCpus: limitFlags.cpusetCpus,
  cpusetMems: limitFlags.cpusetMems,
  deviceReadBps: limitFlags.deviceReadBps,
  deviceWriteBps: limitFlags.deviceWriteBps,
  memory: { ...limitFlags.memory, help: 'Memory limit of its containers together, with a unit b, k, m or g' },
  memorySwap: limitFlags.memorySwap,
} as const satisfies Record<string, FlagRecord>;

/** Every flag has its member of PodOptions, and every member its flag. */
const knownFlags = flagsFor<PodOptions>()({
  ...podFlags,
  ...reachFlags,
  ...podLimitFlags,
  cgroupParent,
  device,
  gidmap,
  gpus,
  pid,
  securityOpt,
  shmSize,
  shmSizeSystemd,
  subgidname,
  subuidname,
  sysctl,
  uidmap,
  userns,
  uts,
});

export const podCreateFlags: Readonly<Record<string, FlagRecord>> = knownFlags;

/** The flags of `pod clone`: in place of what the original was made with. */
export const podCloneFlags: Readonly<Record<string, FlagRecord>> = {
  ...podLimitFlags,
  cgroupParent,
  device,
  gidmap,
  gpus,
  hostname: podFlags.hostname,
  infraCommand: podFlags.infraCommand,
  infraConmonPidfile: podFlags.infraConmonPidfile,
  infraName: podFlags.infraName,
  label: podFlags.label,
  labelFile: podFlags.labelFile,
  name: { ...podFlags.name, help: 'Name of the clone' },
  pid,
  restart: podFlags.restart,
  securityOpt,
  shmSize,
  shmSizeSystemd,
  subgidname,
  subuidname,
  sysctl,
  uidmap,
  userns,
  uts,
  volume: podFlags.volume,
  volumesFrom: podFlags.volumesFrom,
  destroy: { long: 'destroy', type: 'bool', help: 'Stop and remove the original' },
  start: { long: 'start', type: 'bool', help: 'Start the clone' },
};

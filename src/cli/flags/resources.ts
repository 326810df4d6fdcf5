import type { FlagRecord } from '../flag.ts';

function deviceLimit<const Name extends string>(long: Name, help: string) {
  return { long, type: 'stringArray', placeholder: 'device:rate', help } as const;
}

/** Limits that a container which exists can be given anew. */
export const limitFlags = {
  blkioWeight: {
    long: 'blkio-weight',
    type: 'string',
    placeholder: 'weight',
    help: 'Share of block I/O in relation to other containers (10 to 1000)',
  },
  blkioWeightDevice: {
    long: 'blkio-weight-device',
    type: 'stringArray',
    placeholder: 'device:weight',
    help: 'The same for a single device, e.g. /dev/sda:200',
  },
  cpuPeriod: {
    long: 'cpu-period',
    type: 'uint',
    placeholder: 'microseconds',
    help: 'Length of the period over which --cpu-quota is counted',
  },
  cpuQuota: {
    long: 'cpu-quota',
    type: 'int',
    placeholder: 'microseconds',
    help: 'CPU time the container may use in each period',
  },
  cpuRtPeriod: {
    long: 'cpu-rt-period',
    type: 'uint',
    placeholder: 'microseconds',
    help: 'Length of the period over which --cpu-rt-runtime is counted (cgroup v1 only)',
  },
  cpuRtRuntime: {
    long: 'cpu-rt-runtime',
    type: 'int',
    placeholder: 'microseconds',
    help: 'CPU time for real-time processes in each period (cgroup v1 only)',
  },
  cpuShares: {
    long: 'cpu-shares',
    short: 'c',
    type: 'uint',
    placeholder: 'shares',
    help: 'Weight for CPU time in relation to other containers',
  },
  cpus: {
    long: 'cpus',
    type: 'float',
    placeholder: 'number',
    help: 'How many CPUs the container may keep busy, e.g. 1.5',
  },
  cpusetCpus: {
    long: 'cpuset-cpus',
    type: 'string',
    placeholder: 'list',
    help: 'CPUs to run on, e.g. 0-2,4',
  },
  cpusetMems: {
    long: 'cpuset-mems',
    type: 'string',
    placeholder: 'list',
    help: 'Memory nodes to use on NUMA machines, e.g. 0,1',
  },
  deviceReadBps: deviceLimit(
    'device-read-bps',
    'Bytes a second to read from a block device, e.g. /dev/sda:1mb',
  ),
  deviceWriteBps: deviceLimit(
    'device-write-bps',
    'Bytes a second to write to a block device, e.g. /dev/sda:1mb',
  ),
  memory: {
    long: 'memory',
    short: 'm',
    type: 'bytes',
    placeholder: 'size',
    help: 'Memory limit, with a unit b, k, m or g',
  },
  memoryReservation: {
    long: 'memory-reservation',
    type: 'bytes',
    placeholder: 'size',
    help: 'Memory to fall back to when the host runs short',
  },
  memorySwap: {
    long: 'memory-swap',
    type: 'bytes',
    placeholder: 'size',
    help: 'Limit of memory and swap together, -1 for unlimited swap (default: twice --memory)',
  },
  memorySwappiness: {
    long: 'memory-swappiness',
    type: 'int',
    placeholder: 'number',
    help: 'How readily the kernel swaps the container out, 0 to 100 (cgroup v1 only)',
  },
} as const satisfies Record<string, FlagRecord>;

/** Limits of a container: memory, processors, processes, cgroup. */
export const resourceFlags = {
  ...limitFlags,
  cgroupConf: {
    long: 'cgroup-conf',
    type: 'stringSlice',
    placeholder: 'file=value',
    help: "Write to a file of the container's cgroup, e.g. memory.high=64M (cgroup v2 only)",
  },
  cgroupParent: {
    long: 'cgroup-parent',
    type: 'string',
    placeholder: 'path',
    help: "Parent of the container's cgroup",
  },
  cgroups: {
    long: 'cgroups',
    type: 'string',
    placeholder: 'how',
    help: 'Whether the container gets a cgroup of its own',
    complete: ['enabled', 'disabled', 'no-conmon', 'split'],
  },
  deviceReadIops: deviceLimit('device-read-iops', 'Reads a second from a block device, e.g. /dev/sda:1000'),
  deviceWriteIops: deviceLimit('device-write-iops', 'Writes a second to a block device, e.g. /dev/sda:1000'),
  oomKillDisable: {
    long: 'oom-kill-disable',
    type: 'bool',
    help: 'Let the container wait instead of killing it when its memory is used up (cgroup v1 only)',
  },
  oomScoreAdj: {
    long: 'oom-score-adj',
    type: 'int',
    placeholder: 'number',
    help: "Preference of the host's out-of-memory killer for the container, -1000 to 1000",
  },
  pidsLimit: {
    long: 'pids-limit',
    type: 'int',
    placeholder: 'count',
    help: 'How many processes the container may have, -1 for any number',
  },
  rdtClass: {
    long: 'rdt-class',
    type: 'string',
    placeholder: 'class',
    help: "Class of service of the processor's cache and memory bandwidth, below /sys/fs/resctrl",
  },
  shmSize: {
    long: 'shm-size',
    type: 'bytes',
    placeholder: 'size',
    help: 'Size of /dev/shm, with a unit b, k, m or g',
  },
  shmSizeSystemd: {
    long: 'shm-size-systemd',
    type: 'bytes',
    placeholder: 'size',
    help: 'Size of each tmpfs that a container with systemd gets: /run, /run/lock, /tmp, /var/log/journal',
  },
  ulimit: {
    long: 'ulimit',
    type: 'stringSlice',
    placeholder: 'name=soft[:hard]',
    help: 'Limit of a process, e.g. nofile=1024:4096, or host to keep those of the caller',
  },
} as const satisfies Record<string, FlagRecord>;

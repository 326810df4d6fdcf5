import { readFileSync } from 'node:fs';
import { monotonicMs } from '../base/clock.ts';
import { totalMemory } from '../base/kernel.ts';
import { syscalls } from '../native/linux.ts';
import { type CgroupPlaces, cgroupPlaces, isOwnCgroup, placesAt } from './cgroup-places.ts';
import type { ContainerRecord } from './container.ts';
import { listContainerProcesses } from './container-processes.ts';

export interface NetworkUsage {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

export interface CpuDetails {
  userNanos: number;
  kernelNanos: number;
  throttled: { periods: number; throttledPeriods: number; nanos: number };
}

/** What a container has used up to now. */
export interface ResourceUsage {
  /** Milliseconds since 1970, to be shown. */
  at: number;
  /** Milliseconds of the clock that nobody sets, for the time between two looks. */
  clock: number;
  cpuNanos: number;
  /** CPU time that the whole machine had to give, idle or not. */
  systemNanos: number;
  cpus: number;
  /** Bytes, without file contents that the kernel may drop at any time. */
  memory: number;
  memoryWithCache: number;
  memoryLimit: number;
  /** The kernel's own counters; read when first asked for. */
  memoryDetails: () => Record<string, number>;
  /** Read when first asked for: most who look at many containers do not want to know. */
  cpuDetails: () => CpuDetails;
  pids: number;
  pidsLimit: () => number | undefined;
  readBytes: number;
  writtenBytes: number;
  networks: Record<string, NetworkUsage>;
  cgroupVersion: 0 | 1 | 2;
}

/** Of the whole machine, at one moment: for several containers it is read once. */
export interface MachineUsage {
  at: number;
  clock: number;
  systemNanos: number;
  cpus: number;
  /** Bytes that it has: the limit of whoever has none. */
  memory: number;
}

const TICK_NANOS = 1e7;

/**
 * Of a running container, from its cgroup on v1, v2 and hybrid hosts; where it has none of its own (users without delegation),
 * the sum over its processes. Undefined when it has just ended.
 */
export function readUsage(
  record: ContainerRecord,
  machine: MachineUsage = readMachineUsage(),
): ResourceUsage | undefined {
  const { pid, id, facts, spec } = record;
  if (pid === undefined) return undefined;
  try {
    const { at, clock, systemNanos, cpus } = machine;
    // With none there is the loopback alone, which tells nothing.
    const networks = spec.network.mode.mode === 'none' ? {} : readNetworks(pid);
    const common = { at, clock, systemNanos, cpus, networks };
    const named = placesAt(facts.cgroupPath, id);
    const counted =
      (named && fromCgroup(named, id, machine)) ?? fromCgroup(cgroupPlaces(pid, id), id, machine);
    return { ...common, ...(counted ?? fromProcesses(record, machine)) };
  } catch {
    return undefined;
  }
}

/** Undefined when it has none of its own, or the places are not there. */
function fromCgroup(places: CgroupPlaces, id: string, machine: MachineUsage): Counted | undefined {
  const memory = places.get('memory');
  if (memory !== undefined && isOwnCgroup(memory, id)) return fromV1(places, machine);
  const unified = places.get('');
  return unified !== undefined && isOwnCgroup(unified, id) ? fromV2(unified, machine) : undefined;
}

type Counted = Omit<ResourceUsage, 'at' | 'clock' | 'systemNanos' | 'cpus' | 'networks'>;

type Counter = readonly [name: string, key: string];

/** `cpu.stat` and the like hold several: those of one file stand together. */
const V2_COUNTERS: readonly Counter[] = [
  ['cpu.stat', 'usage_usec '],
  ['memory.stat', 'inactive_file '],
  ['memory.stat', 'anon '],
  ['memory.stat', 'file '],
  ['memory.current', ''],
  ['memory.max', ''],
  ['io.stat', 'rbytes='],
  ['io.stat', 'wbytes='],
  ['pids.current', ''],
];
const V2_KEYS = V2_COUNTERS.map(([, key]) => key);

function fromV2(directory: string, machine: MachineUsage): Counted | undefined {
  const paths = V2_COUNTERS.map(([name]) => `${directory}/${name}`);
  const numbers = syscalls().readNumbers(paths, V2_KEYS);
  const [cpu, inactive = 0, anon = 0, file = 0, whole, limit, read = 0, written = 0, pids = 0] = numbers;
  if (cpu === undefined) return undefined;
  const memory = whole ?? anon + file;
  const of = reader(directory);
  return {
    cpuNanos: cpu * 1000,
    cpuDetails: once(() => {
      const split = of.table('cpu.stat');
      return {
        userNanos: (split['user_usec'] ?? 0) * 1000,
        kernelNanos: (split['system_usec'] ?? 0) * 1000,
        throttled: {
          periods: split['nr_periods'] ?? 0,
          throttledPeriods: split['nr_throttled'] ?? 0,
          nanos: (split['throttled_usec'] ?? 0) * 1000,
        },
      };
    }),
    memory: Math.max(0, memory - inactive),
    memoryWithCache: memory,
    memoryLimit: limitOf(limit, machine),
    memoryDetails: once(() => of.table('memory.stat')),
    pids,
    pidsLimit: () => of.number('pids.max'),
    readBytes: read,
    writtenBytes: written,
    cgroupVersion: 2,
  };
}

const V1_COUNTERS: readonly (readonly [controller: string, ...Counter])[] = [
  ['memory', 'memory.stat', 'total_inactive_file '],
  ['memory', 'memory.usage_in_bytes', ''],
  ['memory', 'memory.limit_in_bytes', ''],
  ['blkio', 'blkio.throttle.io_service_bytes_recursive', 'Read '],
  ['blkio', 'blkio.throttle.io_service_bytes_recursive', 'Write '],
  ['cpuacct', 'cpuacct.usage', ''],
  ['pids', 'pids.current', ''],
];
const V1_KEYS = V1_COUNTERS.map(([, , key]) => key);

function fromV1(places: CgroupPlaces, machine: MachineUsage): Counted | undefined {
  const of = (controller: string): Reader => reader(places.get(controller) ?? '/nonexistent');
  const paths = V1_COUNTERS.map(
    ([controller, name]) => `${places.get(controller) ?? '/nonexistent'}/${name}`,
  );
  const numbers = syscalls().readNumbers(paths, V1_KEYS);
  const [inactive = 0, memory, limit, read = 0, written = 0, cpu = 0, pids = 0] = numbers;
  if (memory === undefined) return undefined;
  return {
    cpuNanos: cpu,
    cpuDetails: once(() => {
      const split = of('cpuacct').table('cpuacct.stat');
      const throttled = of('cpu').table('cpu.stat');
      return {
        userNanos: (split['user'] ?? 0) * TICK_NANOS,
        kernelNanos: (split['system'] ?? 0) * TICK_NANOS,
        throttled: {
          periods: throttled['nr_periods'] ?? 0,
          throttledPeriods: throttled['nr_throttled'] ?? 0,
          nanos: throttled['throttled_time'] ?? 0,
        },
      };
    }),
    memory: Math.max(0, memory - inactive),
    memoryWithCache: memory,
    memoryLimit: limitOf(limit, machine),
    memoryDetails: once(() => of('memory').table('memory.stat')),
    pids,
    pidsLimit: () => of('pids').number('pids.max'),
    readBytes: read,
    writtenBytes: written,
    cgroupVersion: 1,
  };
}

/** What processes that have ended used is not in it. */
function fromProcesses(record: ContainerRecord, machine: MachineUsage): Counted {
  const processes = listContainerProcesses(record);
  const sum = (value: (process: (typeof processes)[number]) => number): number =>
    processes.reduce((total, process) => total + value(process), 0);
  const ticks = sum(({ cpuTicks }) => cpuTicks);
  const resident = sum(({ residentKib }) => residentKib) * 1024;
  const io = processes.map(({ pid }) => reader(`/proc/${pid}`).table('io', /:\s*/));
  return {
    cpuNanos: ticks * TICK_NANOS,
    cpuDetails: () => ({
      userNanos: ticks * TICK_NANOS,
      kernelNanos: 0,
      throttled: { periods: 0, throttledPeriods: 0, nanos: 0 },
    }),
    memory: resident,
    memoryWithCache: resident,
    memoryLimit: machine.memory,
    memoryDetails: () => ({}),
    pids: processes.length,
    pidsLimit: () => undefined,
    readBytes: io.reduce((total, each) => total + (each['read_bytes'] ?? 0), 0),
    writtenBytes: io.reduce((total, each) => total + (each['write_bytes'] ?? 0), 0),
    cgroupVersion: 0,
  };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function limitOf(limit: number | undefined, { memory }: MachineUsage): number {
  return limit === undefined || limit > memory ? memory : limit;
}

export function readMachineUsage(): MachineUsage {
  const lines = readFileSync('/proc/stat', 'utf8').split('\n');
  const fields = (lines[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  return {
    at: Date.now(),
    clock: monotonicMs(),
    systemNanos: fields.reduce((total, ticks) => total + ticks, 0) * TICK_NANOS,
    cpus: lines.filter((line) => /^cpu\d/.test(line)).length,
    memory: totalMemory(),
  };
}

/** By interface of the container's network namespace; the loopback tells nothing. */
function readNetworks(pid: number): Record<string, NetworkUsage> {
  const networks: Record<string, NetworkUsage> = {};
  for (const line of reader(`/proc/${pid}/net`).lines('dev').slice(2)) {
    const [name = '', text = ''] = line.split(/:\s*/);
    const field = text.trim().split(/\s+/).map(Number);
    const at = (index: number): number => field[index] ?? 0;
    if (name.trim() === 'lo' || name.trim() === '') continue;
    networks[name.trim()] = {
      rxBytes: at(0),
      rxPackets: at(1),
      rxErrors: at(2),
      rxDropped: at(3),
      txBytes: at(8),
      txPackets: at(9),
      txErrors: at(10),
      txDropped: at(11),
    };
  }
  return networks;
}

interface Reader {
  lines(name: string): string[];
  table(name: string, separator?: RegExp): Record<string, number>;
  /** Undefined for `max` and for files that are not there. */
  number(name: string): number | undefined;
}

/** Not every controller is there, and some files are root's alone: what cannot be read counts as nothing. */
function reader(directory: string): Reader {
  const system = syscalls();
  const text = (name: string): string => {
    try {
      return (system.readText(`${directory}/${name}`) ?? '').trim();
    } catch {
      return '';
    }
  };
  const lines = (name: string): string[] => text(name).split('\n').filter(Boolean);
  return {
    lines,
    table: (name, separator = / /) => tableOf(lines(name), separator),
    number(name) {
      const value = text(name);
      return /^\d+$/.test(value) ? Number(value) : undefined;
    },
  };
}

function tableOf(lines: readonly string[], separator: RegExp): Record<string, number> {
  return Object.fromEntries(
    lines.map((line) => {
      const [key = '', value] = line.split(separator);
      return [key, Number(value)] as const;
    }),
  );
}

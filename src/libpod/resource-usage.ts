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
  /** The kernel's own counters; made from text when asked for. */
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

/** Of the whole machine: for several containers it is read once. */
export interface MachineUsage {
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
    const places = placesAt(facts.cgroupPath, id) ?? cgroupPlaces(pid, id);
    const { systemNanos, cpus } = machine;
    // With none there is the loopback alone, which tells nothing.
    const networks = spec.network.mode.mode === 'none' ? {} : readNetworks(pid);
    const common = { at: Date.now(), clock: monotonicMs(), systemNanos, cpus, networks };
    const memory = places.get('memory');
    if (memory !== undefined && isOwnCgroup(memory, id)) return { ...common, ...fromV1(places, machine) };
    const unified = places.get('');
    if (unified !== undefined && isOwnCgroup(unified, id)) return { ...common, ...fromV2(unified, machine) };
    return { ...common, ...fromProcesses(record, machine) };
  } catch {
    return undefined;
  }
}

type Counted = Omit<ResourceUsage, 'at' | 'clock' | 'systemNanos' | 'cpus' | 'networks'>;

function fromV2(directory: string, machine: MachineUsage): Counted {
  const read = reader(directory);
  const cpu = read.table('cpu.stat');
  const memory = read.fields('memory.stat');
  const current = read.number('memory.current') ?? memory.of('anon') + memory.of('file');
  const io = read
    .lines('io.stat')
    .map((line) => Object.fromEntries(line.split(' ').map((pair) => pair.split('='))));
  const sum = (key: string): number => io.reduce((total, device) => total + Number(device[key] ?? 0), 0);
  return {
    cpuNanos: (cpu['usage_usec'] ?? 0) * 1000,
    cpuDetails: () => ({
      userNanos: (cpu['user_usec'] ?? 0) * 1000,
      kernelNanos: (cpu['system_usec'] ?? 0) * 1000,
      throttled: {
        periods: cpu['nr_periods'] ?? 0,
        throttledPeriods: cpu['nr_throttled'] ?? 0,
        nanos: (cpu['throttled_usec'] ?? 0) * 1000,
      },
    }),
    memory: Math.max(0, current - memory.of('inactive_file')),
    memoryWithCache: current,
    memoryLimit: limitOf(read.number('memory.max'), machine),
    memoryDetails: memory.all,
    pids: read.number('pids.current') ?? 0,
    pidsLimit: () => read.number('pids.max'),
    readBytes: sum('rbytes'),
    writtenBytes: sum('wbytes'),
    cgroupVersion: 2,
  };
}

function fromV1(places: CgroupPlaces, machine: MachineUsage): Counted {
  const of = (controller: string): Reader => reader(places.get(controller) ?? '/nonexistent');
  const memory = of('memory').fields('memory.stat');
  const current = of('memory').number('memory.usage_in_bytes') ?? 0;
  const io = of('blkio').lines('blkio.throttle.io_service_bytes_recursive');
  const sum = (word: string): number =>
    io.reduce((total, line) => total + (line.split(' ')[1] === word ? Number(line.split(' ')[2]) : 0), 0);
  return {
    cpuNanos: of('cpuacct').number('cpuacct.usage') ?? 0,
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
    memory: Math.max(0, current - memory.of('total_inactive_file')),
    memoryWithCache: current,
    memoryLimit: limitOf(of('memory').number('memory.limit_in_bytes'), machine),
    memoryDetails: memory.all,
    pids: of('pids').number('pids.current') ?? 0,
    pidsLimit: () => of('pids').number('pids.max'),
    readBytes: sum('Read'),
    writtenBytes: sum('Write'),
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

interface Fields {
  /** 0 when it is not there. */
  of(key: string): number;
  all: () => Record<string, number>;
}

interface Reader {
  lines(name: string): string[];
  table(name: string, separator?: RegExp): Record<string, number>;
  /** For long tables of which little is needed. */
  fields(name: string): Fields;
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
    fields(name) {
      const content = `\n${text(name)}`;
      return {
        of(key) {
          const at = content.indexOf(`\n${key} `);
          return at < 0 ? 0 : Number.parseInt(content.slice(at + key.length + 2), 10);
        },
        all: () => tableOf(content.split('\n').filter(Boolean), / /),
      };
    },
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

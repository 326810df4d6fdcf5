import { readFileSync } from 'node:fs';
import type { IdNames } from '../oci/user.ts';
import { type IdMaps, toContainerId, toHostId } from '../rootless/id-maps.ts';
import { ALL_CAPABILITIES, capabilitiesOfMask } from '../specgen/capabilities.ts';
import type { ContainerProcess } from './container-processes.ts';

/** What the columns need to know besides the process itself. */
export interface ColumnContext {
  /** Milliseconds since 1970. */
  now: number;
  bootTime: number;
  /** Ids inside the container to ids of this process's user namespace. */
  containerIds: IdMaps;
  /** Ids of this process's user namespace to ids of the machine. */
  ownIds: IdMaps;
  inner: IdNames;
  host: IdNames;
}

export interface ProcessColumn {
  names: readonly string[];
  header: string;
  value(process: ContainerProcess, context: ColumnContext): string;
}

/** USER_HZ is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
const EFFECTIVE = 1;

/** podman's descriptors, with the codes of ps for some of them. */
export const PROCESS_COLUMNS: readonly ProcessColumn[] = [
  column('args %a', 'COMMAND', ({ args, command }) => (args.length === 0 ? `[${command}]` : args.join(' '))),
  capabilityColumn('capamb', 'AMBIENT CAPS', 'CapAmb'),
  capabilityColumn('capbnd', 'BOUNDING CAPS', 'CapBnd'),
  capabilityColumn('capeff', 'EFFECTIVE CAPS', 'CapEff'),
  capabilityColumn('capinh', 'INHERITED CAPS', 'CapInh'),
  capabilityColumn('capprm', 'PERMITTED CAPS', 'CapPrm'),
  column('comm %c', 'COMMAND', ({ command }) => command),
  column('etime %t', 'ELAPSED', (process, { now, bootTime }) =>
    goDuration(Math.max(now - startTime(process, bootTime), 0)),
  ),
  column('group %G', 'GROUP', ({ gids }, context) => innerGroup(gids[EFFECTIVE], context)),
  column('groups', 'GROUPS', ({ groups }, context) => groups.map((id) => innerGroup(id, context)).join(',')),
  column('hgroup', 'HGROUP', ({ gids }, context) => hostGroup(gids[EFFECTIVE], context)),
  column('hgroups', 'HGROUPS', ({ groups }, context) => groups.map((id) => hostGroup(id, context)).join(',')),
  column('hpid', 'HPID', ({ pid }) => String(pid)),
  column('huid', 'HUID', ({ uids }, { ownIds }) =>
    String(toHostId(ownIds.uids, uids[EFFECTIVE] ?? 0) ?? '?'),
  ),
  column('huser', 'HUSER', ({ uids }, { ownIds, host }) =>
    named(toHostId(ownIds.uids, uids[EFFECTIVE] ?? 0), host.users),
  ),
  column('label', 'LABEL', ({ label }) => label || '?'),
  column('nice %n', 'NI', ({ nice }) => String(nice)),
  column('pcpu %C', '%CPU', (process, { now, bootTime }) => {
    // One that has just begun: the clocks go by hundredths.
    const elapsed = Math.max((now - startTime(process, bootTime)) / 1000, 1 / TICKS_PER_SECOND);
    return ((100 * cpuSeconds(process)) / elapsed).toFixed(3);
  }),
  column('pgid %r', 'PGID', ({ innerProcessGroup }) => String(innerProcessGroup)),
  column('pid %p', 'PID', ({ innerPid }) => String(innerPid)),
  column('ppid %P', 'PPID', ({ innerParentPid }) => String(innerParentPid)),
  column('rgroup %g', 'RGROUP', ({ gids }, context) => innerGroup(gids[0], context)),
  column('rss', 'RSS', ({ residentKib }) => String(residentKib)),
  column('ruser %u', 'RUSER', ({ uids }, context) => innerUser(uids[0], context)),
  column(
    'seccomp',
    'SECCOMP',
    ({ seccomp }) => ['disabled', 'strict', 'filter'][Number(seccomp || 3)] ?? '?',
  ),
  column('state', 'STATE', ({ state }) => state),
  column('stime', 'STIME', (process, { bootTime }) => {
    const text = new Date(startTime(process, bootTime)).toISOString();
    return `${text.slice(0, 19).replace('T', ' ')} +0000 UTC`;
  }),
  column('time %x', 'TIME', (process) => goDuration(cpuSeconds(process) * 1000)),
  column('tty %y', 'TTY', ({ terminal }) => terminalName(terminal)),
  column('uid', 'UID', ({ uids }, { containerIds }) =>
    String(toContainerId(containerIds.uids, uids[EFFECTIVE] ?? 0) ?? '?'),
  ),
  column('user %U', 'USER', ({ uids }, context) => innerUser(uids[EFFECTIVE], context)),
  column('vsz %z', 'VSZ', ({ virtualSize }) => String(Math.floor(virtualSize / 1024))),
];

export const DEFAULT_COLUMNS = ['user', 'pid', 'ppid', 'pcpu', 'etime', 'tty', 'time', 'args'];

export function findColumn(name: string): ProcessColumn | undefined {
  return PROCESS_COLUMNS.find((each) => each.names.includes(name));
}

function column(names: string, header: string, value: ProcessColumn['value']): ProcessColumn {
  return { names: names.split(' '), header, value };
}

function capabilityColumn(name: string, header: string, field: string): ProcessColumn {
  return column(name, header, ({ capabilities }) => {
    const set = capabilitiesOfMask(capabilities[field] ?? '0');
    if (set.length === 0) return 'none';
    if (set.length === Math.min(knownToKernel(), ALL_CAPABILITIES.length)) return 'full';
    return set
      .map((each) => each.replace(/^CAP_/, ''))
      .sort()
      .join(',');
  });
}

function knownToKernel(): number {
  return Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')) + 1;
}

function startTime({ startTicks }: ContainerProcess, bootTime: number): number {
  return bootTime + (startTicks / TICKS_PER_SECOND) * 1000;
}

function cpuSeconds({ cpuTicks }: ContainerProcess): number {
  return Math.floor(cpuTicks / TICKS_PER_SECOND);
}

function innerUser(id: number | undefined, { containerIds, inner }: ColumnContext): string {
  return named(toContainerId(containerIds.uids, id ?? 0), inner.users);
}

function innerGroup(id: number | undefined, { containerIds, inner }: ColumnContext): string {
  return named(toContainerId(containerIds.gids, id ?? 0), inner.groups);
}

function hostGroup(id: number | undefined, { ownIds, host }: ColumnContext): string {
  return named(toHostId(ownIds.gids, id ?? 0), host.groups);
}

function named(id: number | undefined, names: ReadonlyMap<number, string>): string {
  return id === undefined ? '?' : (names.get(id) ?? String(id));
}

/** A device number as the kernel packs it. */
function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return '?';
}

/** Milliseconds as Go prints a duration: `1h2m3.5s`, `350.25ms`. */
export function goDuration(milliseconds: number): string {
  if (milliseconds <= 0) return '0s';
  const trim = (value: number): string => String(Number(value.toFixed(6)));
  if (milliseconds < 1000) return `${trim(milliseconds)}ms`;
  const seconds = milliseconds / 1000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${trim(seconds % 60)}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

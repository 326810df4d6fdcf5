import { readFileSync, readlinkSync } from 'node:fs';
import { errnoOf } from '../base/errors.ts';
import { trimEndOf } from '../base/trim-end.ts';

/** What /proc of the host tells about one process. Ids are those of this process's user namespace. */
export interface ProcessFacts {
  pid: number;
  parentPid: number;
  /** The namespace's identity, `pid:[4026531836]`. */
  pidNamespace: string;
  /** The process's ids from the outermost pid namespace inwards. */
  pids: readonly number[];
  processGroups: readonly number[];
  /** Real, effective, saved, file system. */
  uids: readonly number[];
  gids: readonly number[];
  groups: readonly number[];
  state: string;
  command: string;
  /** Empty for kernel threads and zombies. */
  args: readonly string[];
  nice: number;
  terminal: number;
  /** Clock ticks. */
  cpuTicks: number;
  /** Clock ticks after boot. */
  startTicks: number;
  /** Bytes. */
  virtualSize: number;
  residentKib: number;
  /** Hexadecimal masks by the kernel's names, `CapEff` and so on. */
  capabilities: Readonly<Record<string, string>>;
  seccomp: string;
  /** Of the security module; empty without one. */
  label: string;
}

/** Undefined when it has ended, or may not be looked into. */
export function readProcessFacts(pid: number): ProcessFacts | undefined {
  try {
    return readFacts(pid);
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function readFacts(pid: number): ProcessFacts {
  const proc = `/proc/${pid}`;
  const status = parseStatus(readFileSync(`${proc}/status`, 'utf8'));
  const stat = readFileSync(`${proc}/stat`, 'latin1');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  // Numbered from 3 on in proc(5).
  const field = (number: number): number => Number(fields[number - 3]);
  const words = (name: string): number[] => (status.get(name) ?? '').split(/\s+/).filter(Boolean).map(Number);
  const args = trimEndOf(readFileSync(`${proc}/cmdline`, 'utf8'), '\0');
  return {
    pid,
    parentPid: field(4),
    pidNamespace: readlinkSync(`${proc}/ns/pid`),
    pids: words('NSpid'),
    processGroups: words('NSpgid'),
    uids: words('Uid'),
    gids: words('Gid'),
    groups: words('Groups'),
    state: fields[0] ?? '?',
    command: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
    args: args === '' ? [] : args.split('\0'),
    nice: field(19),
    terminal: field(7),
    cpuTicks: field(14) + field(15),
    startTicks: field(22),
    virtualSize: field(23),
    residentKib: Number.parseInt(status.get('VmRSS') ?? '0', 10),
    capabilities: Object.fromEntries(status),
    seccomp: status.get('Seccomp') ?? '',
    label: readLabel(`${proc}/attr/current`),
  };
}

function parseStatus(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return fields;
}

function readLabel(path: string): string {
  try {
    return trimEndOf(readFileSync(path, 'utf8'), '\0\n');
  } catch {
    return '';
  }
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { WrongStateError } from '../base/errors.ts';
import type { ContainerRecord } from './container.ts';
import { type ProcessFacts, readProcessFacts } from './process-facts.ts';

export interface ContainerProcess extends ProcessFacts {
  /** As the container sees them; 0 for a parent that it does not see. */
  innerPid: number;
  innerParentPid: number;
  innerProcessGroup: number;
}

/**
 * The processes that a running container can see, in the order of their ids: those of its pid namespace and of namespaces below it.
 * One that shares the host's has those of its cgroup. All is read from the host's own /proc, which the container cannot fake.
 */
export function listContainerProcesses(record: ContainerRecord): ContainerProcess[] {
  const init = record.pid === undefined ? undefined : readProcessFacts(record.pid);
  if (init === undefined) throw new WrongStateError('top can only be used on running containers');
  const all = readAllProcesses();
  const isMember = init.pidNamespace === ownPidNamespace() ? sharesCgroup(init) : seesProcess(init, all);
  const members = [...all.values()].filter(isMember);
  const level = init.pids.length - 1;
  const ids = new Map(members.map((process) => [process.pid, process.pids[level] ?? process.pid]));
  return members
    .map((process) => ({
      ...process,
      innerPid: ids.get(process.pid) ?? process.pid,
      innerParentPid: ids.get(process.parentPid) ?? 0,
      innerProcessGroup: process.processGroups[level] ?? 0,
    }))
    .sort((left, right) => left.innerPid - right.innerPid);
}

type Membership = (process: ProcessFacts) => boolean;

/** Namespaces below the container's hold descendants of its processes only. */
function seesProcess(init: ProcessFacts, all: ReadonlyMap<number, ProcessFacts>): Membership {
  return (process) => {
    for (let at: ProcessFacts | undefined = process; at !== undefined; at = all.get(at.parentPid)) {
      if (at.pidNamespace === init.pidNamespace) return true;
      if (at.pids.length <= init.pids.length) return false;
    }
    return false;
  };
}

/** The container's own cgroup, or one below it; where it has none of its own, nothing but its first process is certain. */
function sharesCgroup(init: ProcessFacts): Membership {
  const own = cgroupsOf('self');
  const cgroups = [...cgroupsOf(init.pid)].filter(
    ([hierarchy, path]) => path !== '/' && own.get(hierarchy) !== path,
  );
  const [hierarchy, path] = cgroups[0] ?? [];
  if (hierarchy === undefined || path === undefined) return (process) => process.pid === init.pid;
  return (process) => {
    const other = cgroupsOf(process.pid).get(hierarchy) ?? '';
    return other === path || other.startsWith(`${path}/`);
  };
}

/** Hierarchy id to path. */
function cgroupsOf(pid: number | 'self'): Map<string, string> {
  const paths = new Map<string, string>();
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    return paths;
  }
  for (const line of text.split('\n')) {
    const [hierarchy, , ...path] = line.split(':');
    if (hierarchy !== undefined && path.length > 0) paths.set(hierarchy, path.join(':'));
  }
  return paths;
}

function readAllProcesses(): Map<number, ProcessFacts> {
  const all = new Map<number, ProcessFacts>();
  for (const name of readdirSync('/proc')) {
    const facts = /^\d+$/.test(name) ? readProcessFacts(Number(name)) : undefined;
    if (facts !== undefined) all.set(facts.pid, facts);
  }
  return all;
}

function ownPidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}

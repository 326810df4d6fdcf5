import { statSync } from 'node:fs';
import { WrongStateError } from '../base/errors.ts';
import { isAlive, startTimeOf } from '../native/process-identity.ts';
import type { BundleFacts } from '../specgen/host-facts.ts';
import { type ContainerRecord, lookupContainer } from './container.ts';
import type { Libpod } from './context.ts';
import { observe } from './observe.ts';

const TYPES = ['pid', 'ipc', 'uts', 'user', 'cgroup'] as const;

/** Paths of the namespaces that a container shares with others. WrongStateError when one of those does not run. */
export function joinedNamespaces(libpod: Libpod, record: ContainerRecord): BundleFacts['namespacePaths'] {
  const paths: BundleFacts['namespacePaths'] = {};
  for (const type of TYPES) {
    const mode = record.spec.namespaces[type];
    if (mode.mode === 'container') paths[type] = `/proc/${pidOf(libpod, mode.id, record.name)}/ns/${type}`;
    if (mode.mode === 'path') paths[type] = mode.path;
  }
  return paths;
}

/**
 * The record as it is to be started: a namespace of another container that is the host's, and ours, is not joined but kept. The kernel
 * refuses to enter it without root, and one's own of users to anybody.
 */
export function withHostNamespaces(libpod: Libpod, record: ContainerRecord): ContainerRecord {
  const { namespaces } = record.spec;
  const isOurs = (type: (typeof TYPES)[number]): boolean => {
    const mode = namespaces[type];
    return mode.mode === 'container' && isSame(pidOf(libpod, mode.id, record.name), type);
  };
  const ours = TYPES.filter(isOurs);
  if (ours.length === 0) return record;
  const kept = Object.fromEntries(ours.map((type) => [type, { mode: 'host' as const }]));
  return { ...record, spec: { ...record.spec, namespaces: { ...namespaces, ...kept } } };
}

function isSame(pid: number, type: string): boolean {
  const [other, own] = [`/proc/${pid}/ns/${type}`, `/proc/self/ns/${type}`].map((path) =>
    statSync(path, { throwIfNoEntry: false }),
  );
  return other !== undefined && other.ino === own?.ino && other.dev === own.dev;
}

/** The process whose namespaces are joined. */
export function pidOf(libpod: Libpod, nameOrId: string, forWhom: string): number {
  const other = observe(libpod, lookupContainer(libpod.db, nameOrId));
  if (other.pid === undefined || !['running', 'paused', 'stopping', 'initialized'].includes(other.state)) {
    throw new WrongStateError(
      `cannot start container ${forWhom}: it joins a namespace of container ${other.name}, which is ${other.state}, must be running`,
      { hint: `start it first: tspod start ${other.name}` },
    );
  }
  return other.pid;
}

/** Why a start failed that joins a container which has ended meanwhile, whatever the runtime made of it; undefined when all of them run. */
export function endedDonor(libpod: Libpod, record: ContainerRecord): WrongStateError | undefined {
  const { namespaces, network } = record.spec;
  try {
    for (const mode of [...TYPES.map((type) => namespaces[type]), network.mode]) {
      if (mode.mode !== 'container' || !hasEnded(pidOf(libpod, mode.id, record.name))) continue;
      const { name } = lookupContainer(libpod.db, mode.id);
      return new WrongStateError(
        `cannot start container ${record.name}: it joins a namespace of container ${name}, which is ending at this moment`,
        { hint: `start that one first: tspod start ${name}` },
      );
    }
    return undefined;
  } catch (error) {
    if (error instanceof WrongStateError) return error;
    throw error;
  }
}

/** Its monitor may not have said so yet; a zombie has no namespaces any more. */
function hasEnded(pid: number): boolean {
  return !isAlive({ pid, startTime: startTimeOf(pid) });
}

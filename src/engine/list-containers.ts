import { readlinkSync } from 'node:fs';
import { NotFoundError } from '../base/errors.ts';
import { containerSizes } from '../libpod/inspect.ts';
import { type ContainerRecord, findContainer } from '../libpod/container.ts';
import { type ContainerGlance, glanceOf, listRecords } from '../libpod/container-glance.ts';
import { healthStatus } from '../libpod/health-record.ts';
import { isRestarting } from '../libpod/restart-policy.ts';
import { settleQuietly } from '../libpod/settle.ts';
import { takeUpRestart } from './take-up-restart.ts';
import type { Engine } from './engine.ts';

export { displayState } from '../libpod/transitions.ts';
export type { ContainerGlance } from '../libpod/container-glance.ts';

export interface ListContainersOptions {
  /** In any state; without it only running ones. */
  all: boolean;
  /** `key=value`, as `--filter` takes them. One about the state looks at all. */
  filters: readonly string[];
  /** So many of those created last, in any state. */
  last?: number | undefined;
  sizes?: boolean;
  /** More than a glance will be needed of each. */
  whole?: boolean;
}

export interface ListedContainer {
  record: ContainerRecord;
  glance: ContainerGlance;
  /** `starting`, `healthy`, `unhealthy`; '' without a check. */
  health: string;
  /** It has ended and waits to be started again by its policy: docker has a word of its own for that. */
  restarting: boolean;
  sizes: { own: number; total: number } | undefined;
  /** Of its pod; '' without one. */
  podName: string;
}

/** Inode numbers; '' when it has no process. */
export interface ContainerNamespaces {
  cgroup: string;
  ipc: string;
  mnt: string;
  net: string;
  pid: string;
  user: string;
  uts: string;
}

/** Oldest first. Settles on its way what can be settled without waiting. */
export async function listContainers(
  engine: Engine,
  options: ListContainersOptions,
): Promise<ListedContainer[]> {
  const { last } = options;
  const matches = await predicate(engine, options);
  const whole = options.whole === true || options.filters.length > 0;
  const idle = options.all || last !== undefined;
  let found: ContainerRecord[] = [];
  for (const stored of listRecords(engine.db, { whole, idle })) {
    const record = await settleQuietly(engine, stored);
    if (record?.facts.restart !== undefined) await takeUpRestart(engine, record);
    if (record !== undefined && record.state !== 'creating' && matches(record)) found.push(record);
  }
  if (last !== undefined && last > 0) found = found.slice(-last);
  const pods = found.some(({ podId }) => podId !== undefined) ? await podNames(engine) : undefined;
  const sizes = options.sizes === true;
  const list: ListedContainer[] = [];
  for (const record of found)
    list.push(
      listed(engine, record, { sizes: sizes ? await containerSizes(engine, record) : undefined, pods }),
    );
  return list;
}

async function podNames(engine: Engine): Promise<ReadonlyMap<string, string>> {
  return (await import('../libpod/pod.ts')).podNames(engine.db);
}

async function predicate(
  engine: Engine,
  options: ListContainersOptions,
): Promise<(record: ContainerRecord) => boolean> {
  const { filters } = options;
  const anyState =
    options.all || options.last !== undefined || filters.some((each) => /^status!?=/.test(each));
  const isShown = (record: ContainerRecord): boolean =>
    anyState ||
    record.state === 'running' ||
    (engine.options.asDocker === true && (record.state === 'paused' || isRestarting(engine, record)));
  if (filters.length === 0) return isShown;
  const { containerPredicate } = await import('./container-filters.ts');
  const matches = await containerPredicate(engine, filters);
  return (record) => isShown(record) && matches(record);
}

function listed(
  engine: Engine,
  record: ContainerRecord,
  { sizes, pods }: { sizes: ListedContainer['sizes']; pods: ReadonlyMap<string, string> | undefined },
): ListedContainer {
  const glance = glanceOf(record);
  return {
    record,
    glance: glance.networkMode === 'container' ? withPortsOfDonor(engine, record, glance) : glance,
    health: healthStatus(engine, record, glance.healthcheck) ?? '',
    restarting: isRestarting(engine, record),
    sizes,
    podName: pods?.get(record.podId ?? '') ?? '',
  };
}

/** Who shares a network shares its ports. */
function withPortsOfDonor(engine: Engine, record: ContainerRecord, glance: ContainerGlance): ContainerGlance {
  const { mode } = record.spec.network;
  if (mode.mode !== 'container') return glance;
  try {
    const donor = findContainer(engine.db, mode.id);
    return donor === undefined ? glance : { ...glance, ports: glanceOf(donor).ports };
  } catch (error) {
    if (error instanceof NotFoundError) return glance;
    throw error;
  }
}

export function containerNamespaces(record: ContainerRecord): ContainerNamespaces {
  const inode = (type: string): string => {
    if (record.pid === undefined || record.state === 'exited') return '';
    try {
      return /\[(\d+)\]/.exec(readlinkSync(`/proc/${record.pid}/ns/${type}`))?.[1] ?? '';
    } catch {
      // It has just ended.
      return '';
    }
  };
  return {
    cgroup: inode('cgroup'),
    ipc: inode('ipc'),
    mnt: inode('mnt'),
    net: inode('net'),
    pid: inode('pid'),
    user: inode('user'),
    uts: inode('uts'),
  };
}

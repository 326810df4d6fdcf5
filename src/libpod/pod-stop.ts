import { crashPoint } from '../base/crash-point.ts';
import { NotFoundError } from '../base/errors.ts';
import { transaction } from '../state/db.ts';
import { type ContainerRecord, listPodContainers } from './container.ts';
import type { Libpod } from './context.ts';
import { observe } from './observe.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { inOrder } from './pod-order.ts';
import { lockPod } from './pod-lock.ts';
import { startLockedPod } from './pod-start.ts';
import { getPod, type PodRecord, recordPodEvent } from './pod.ts';
import { killContainer } from './signal.ts';
import { neededBy } from './start-dependencies.ts';
import { stopContainer } from './stop.ts';
import type { ContainerState } from './transitions.ts';

export interface StopPodOptions {
  /** Seconds before SIGKILL; default: each container's own. */
  timeout?: number;
  /** Paused containers are stopped too. */
  forRemoval?: boolean;
  /** With the infra container. */
  withPod?: boolean;
}

/** Stops all its containers, those first that need others, the infra container last. Returns the failures. */
export async function stopPod(libpod: Libpod, id: string, options: StopPodOptions = {}): Promise<unknown[]> {
  return await withLockedPod(libpod, id, (pod) => stopLockedPod(libpod, pod, options));
}

export async function restartPod(libpod: Libpod, id: string): Promise<unknown[]> {
  return await withLockedPod(libpod, id, async (pod) => {
    const failures = await stopLockedPod(libpod, pod, {});
    return failures.length > 0 ? failures : await startLockedPod(libpod, pod);
  });
}

/** Sends a signal to all its containers that run. Returns the failures. */
export async function killPod(libpod: Libpod, id: string, signal: number): Promise<unknown[]> {
  return await onThoseThat(libpod, id, {
    are: ['running', 'paused', 'stopping'],
    event: 'kill',
    work: (record) => killContainer(libpod, record.id, signal),
  });
}

export async function pausePod(libpod: Libpod, id: string): Promise<unknown[]> {
  return await onThoseThat(libpod, id, {
    are: ['running'],
    event: 'pause',
    work: (record) => pauseContainer(libpod, record.id),
  });
}

export async function unpausePod(libpod: Libpod, id: string): Promise<unknown[]> {
  return await onThoseThat(libpod, id, {
    are: ['paused'],
    event: 'unpause',
    work: (record) => unpauseContainer(libpod, record.id),
  });
}

/** The caller holds the pod's lock. */
export async function stopLockedPod(
  libpod: Libpod,
  pod: PodRecord,
  options: StopPodOptions,
): Promise<unknown[]> {
  const containers = listPodContainers(libpod.db, pod.id);
  const stop = (record: ContainerRecord): Promise<void> => stopContainer(libpod, record.id, options);
  const others = containers.filter(({ spec }) => spec.podRole !== 'infra');
  const failures = await inOrder(others, neededByOthers(others), stop);
  crashPoint('pod-stop-before-infra');
  const infra = containers.filter(({ spec }) => spec.podRole === 'infra');
  failures.push(...(await inOrder(infra, () => [], stop)));
  transaction(libpod.db, () => recordPodEvent(libpod.db, pod, 'stop'), false);
  return failures;
}

/** Those that need a container are stopped before it. */
function neededByOthers(records: readonly ContainerRecord[]): (record: ContainerRecord) => string[] {
  return ({ id }) => records.filter((other) => neededBy(other).includes(id)).map((other) => other.id);
}

async function onThoseThat(
  libpod: Libpod,
  id: string,
  task: {
    are: readonly ContainerState[];
    event: string;
    work: (record: ContainerRecord) => Promise<void>;
  },
): Promise<unknown[]> {
  return await withLockedPod(libpod, id, async (pod) => {
    const containers = listPodContainers(libpod.db, id).filter((record) =>
      task.are.includes(observe(libpod, record).state),
    );
    const failures = await inOrder(containers, () => [], task.work);
    transaction(libpod.db, () => recordPodEvent(libpod.db, pod, task.event), false);
    return failures;
  });
}

async function withLockedPod<T>(
  libpod: Libpod,
  id: string,
  work: (pod: PodRecord) => Promise<T>,
): Promise<T> {
  const lock = await lockPod(libpod, id);
  try {
    const pod = getPod(libpod.db, id);
    if (pod === undefined) throw new NotFoundError('pod', id);
    return await work(pod);
  } finally {
    lock.release();
  }
}

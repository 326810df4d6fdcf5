import { rmSync } from 'node:fs';
import { crashPoint } from '../base/crash-point.ts';
import { InUseError } from '../base/errors.ts';
import { isAlive, parseIdentity } from '../native/process-identity.ts';
import { allowReserve, transaction } from '../state/db.ts';
import { type ContainerRecord, listPodContainers } from './container.ts';
import type { Libpod } from './context.ts';
import { observe } from './observe.ts';
import { removePodCgroup } from './pod-cgroup.ts';
import { lockPod, podLockPath } from './pod-lock.ts';
import { stopLockedPod } from './pod-stop.ts';
import { getPod, markPod, type PodRecord, recordPodEvent } from './pod.ts';
import { removeContainer } from './remove.ts';

export interface RemovePodOptions {
  /** Stop what runs in it first. */
  force?: boolean;
  /** Seconds before SIGKILL with force; default: each container's own. */
  stopTimeout?: number;
}

/** Removes a pod with its containers and their anonymous volumes. InUseError when one of them runs, unless forced. */
export async function removePod(libpod: Libpod, id: string, options: RemovePodOptions = {}): Promise<void> {
  const lock = await lockPod(libpod, id);
  try {
    const pod = getPod(libpod.db, id);
    if (pod === undefined) return;
    allowReserve(libpod.db);
    if (!options.force) refuseRunning(libpod, pod);
    await removeLockedPod(libpod, pod, options);
  } finally {
    lock.release();
  }
}

function refuseRunning(libpod: Libpod, pod: PodRecord): void {
  const running = listPodContainers(libpod.db, pod.id).filter((record) =>
    ['running', 'paused', 'stopping', 'starting'].includes(observe(libpod, record).state),
  );
  if (running.length === 0) return;
  const names = running.map(({ name }) => name).join(', ');
  throw new InUseError(
    `pod ${pod.id} has containers that are running or paused and cannot be removed without force: ${names}: container state improper`,
    { hint: `stop it first, or use tspod pod rm --force ${pod.name}` },
  );
}

/** From the mark on nobody can put a container into it, and whoever comes next completes the removal. */
async function removeLockedPod(libpod: Libpod, pod: PodRecord, options: RemovePodOptions): Promise<void> {
  const { db } = libpod;
  markPod(db, pod.id, 'removing');
  crashPoint('pod-remove-after-mark');
  const timeout = options.stopTimeout === undefined ? {} : { timeout: options.stopTimeout };
  if (options.force) {
    const failures = await stopLockedPod(libpod, pod, { forRemoval: true, withPod: true, ...timeout });
    if (failures.length > 0) {
      markPod(db, pod.id, 'ready');
      throw failures.length === 1 ? failures[0] : new AggregateError(failures);
    }
  }
  for (const record of infraLast(listPodContainers(db, pod.id))) {
    await removeContainer(libpod, record.id, {
      force: options.force === true,
      volumes: true,
      dependents: true,
      withPod: true,
      ...(options.stopTimeout === undefined ? {} : { stopTimeout: options.stopTimeout }),
    });
    crashPoint('pod-remove-after-container');
  }
  await removePodCgroup(pod);
  transaction(db, () => {
    db.prepare('DELETE FROM pods WHERE id = ?').run(pod.id);
    recordPodEvent(db, pod, 'remove');
  });
  crashPoint('pod-remove-after-row');
  rmSync(podLockPath(libpod, pod.id), { force: true });
}

function infraLast(records: readonly ContainerRecord[]): ContainerRecord[] {
  const isInfra = ({ spec }: ContainerRecord): number => (spec.podRole === 'infra' ? 1 : 0);
  return [...records].sort((one, other) => isInfra(one) - isInfra(other));
}

/** The pod, or undefined when its creation or removal was begun by a process that is gone: then it is removed. */
export async function settlePod(libpod: Libpod, pod: PodRecord): Promise<PodRecord | undefined> {
  if (pod.state === 'ready' || (pod.owner !== undefined && isAlive(parseIdentity(pod.owner)))) return pod;
  await removePod(libpod, pod.id, { force: true, stopTimeout: 0 });
  return undefined;
}

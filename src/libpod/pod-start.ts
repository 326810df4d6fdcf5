import { crashPoint } from '../base/crash-point.ts';
import { NotFoundError, RuntimeError, WrongStateError } from '../base/errors.ts';
import { transaction } from '../state/db.ts';
import { type ContainerRecord, listPodContainers } from './container.ts';
import type { Libpod } from './context.ts';
import { inOrder } from './pod-order.ts';
import { lockPod } from './pod-lock.ts';
import { getPod, type PodRecord, recordPodEvent } from './pod.ts';
import { removeContainer } from './remove.ts';
import { startContainer } from './start.ts';
import { neededBy } from './start-dependencies.ts';
import { waitForExit } from './wait-for-exit.ts';

/**
 * Starts all containers of a pod that do not run: the infra container, then the init containers one after the other to their ends,
 * then the others, each after those that it needs. Goes on after a failure; returns the failures.
 */
export async function startPod(libpod: Libpod, id: string): Promise<unknown[]> {
  const lock = await lockPod(libpod, id);
  try {
    const pod = getPod(libpod.db, id);
    if (pod === undefined) throw new NotFoundError('pod', id);
    return await startLockedPod(libpod, pod);
  } finally {
    lock.release();
  }
}

/** The caller holds the pod's lock. */
export async function startLockedPod(libpod: Libpod, pod: PodRecord): Promise<unknown[]> {
  const containers = listPodContainers(libpod.db, pod.id);
  if (containers.length === 0)
    throw new WrongStateError(
      `no containers in pod ${pod.id} have no dependencies, cannot start pod: no such container`,
      { hint: `put one into it first: tspod create --pod ${pod.name} IMAGE` },
    );
  const infra = containers.find(({ spec }) => spec.podRole === 'infra');
  if (infra !== undefined) await start(libpod, infra);
  crashPoint('pod-start-after-infra');
  await runInitContainers(libpod, containers);
  const others = containers.filter(({ spec }) => spec.podRole === undefined);
  const failures = await inOrder(others, neededBy, (record) => start(libpod, record));
  crashPoint('pod-start-after-containers');
  transaction(libpod.db, () => recordPodEvent(libpod.db, pod, 'start'), false);
  return failures;
}

async function start(libpod: Libpod, record: ContainerRecord): Promise<void> {
  const started = await startContainer(libpod, record.id);
  started.monitor?.close();
}

async function runInitContainers(libpod: Libpod, containers: readonly ContainerRecord[]): Promise<void> {
  for (const record of containers) {
    const { podRole } = record.spec;
    if (podRole !== 'init-always' && podRole !== 'init-once') continue;
    await start(libpod, record);
    const { exitCode } = await waitForExit(libpod, record.id);
    if (exitCode !== 0)
      throw new RuntimeError(
        `init container ${record.name} of the pod exited with code ${exitCode}: its containers have not been started`,
        { hint: `see what it said: tspod logs ${record.name}` },
      );
    if (podRole === 'init-once') await removeContainer(libpod, record.id, { volumes: true });
  }
}

import { ConflictError, InUseError } from '../base/errors.ts';
import { type ContainerRecord, dependentsOf, getContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { deleteContainer } from './delete.ts';
import { endRestartWait } from './restart-policy.ts';
import { settle } from './settle.ts';
import { isOfPod, stopContainer, SurvivesError } from './stop.ts';

export interface RemoveOptions {
  /** Kill a running one first. */
  force?: boolean;
  /** Anonymous volumes too. */
  volumes?: boolean;
  /** Seconds before SIGKILL with force; default: the container's own. */
  stopTimeout?: number | undefined;
  /** Remove those that depend on it as well. */
  dependents?: boolean;
  /** Its pod goes too: only so does an infra container. */
  withPod?: boolean;
}

/** Removes a container. Throws InUseError for a running or paused one without `force`, or one that others depend on. */
export async function removeContainer(
  libpod: Libpod,
  id: string,
  options: RemoveOptions = {},
): Promise<void> {
  for (const dependent of dependentsOf(libpod.db, id)) {
    const record = options.withPod ? undefined : getContainer(libpod.db, id);
    if (record?.spec.podRole === 'infra') throw isOfPod(record);
    if (!options.dependents) {
      const names = dependentsOf(libpod.db, id).map((other) => getContainer(libpod.db, other)?.name ?? other);
      throw new InUseError(
        `container ${id} has dependent containers which must be removed before it: ${names.join(', ')}: container already exists`,
      );
    }
    await removeContainer(libpod, dependent, options);
  }
  for (let attempt = 1; ; attempt++) {
    if (options.force) await stopForRemoval(libpod, id, options);
    // Somebody may start it again between the stop and the lock.
    const running = await removeStopped(libpod, id, options);
    if (running === undefined) return;
    if (!options.force || attempt >= FORCED_ATTEMPTS) throw stillRunning(running);
  }
}

const FORCED_ATTEMPTS = 10;

function stillRunning(record: ContainerRecord): InUseError {
  return new InUseError(
    `cannot remove container ${record.id} as it is ${record.state} - running or paused containers cannot be removed without force: container state improper`,
    {
      docker: `cannot remove container "${record.name}": container is ${record.state === 'paused' ? 'paused and must be unpaused first' : 'running: stop the container before removing or force remove'}`,
    },
  );
}

/** Removes it unless it runs: then it is returned as it is. Gone by itself (--rm) while we waited is what was asked for. */
async function removeStopped(
  libpod: Libpod,
  id: string,
  options: RemoveOptions,
): Promise<ContainerRecord | undefined> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) return undefined;
    if (record.spec.podRole === 'infra' && !options.withPod) throw isOfPod(record);
    if (record.state === 'running' || record.state === 'paused' || record.state === 'stopping') return record;
    await endRestartWait(libpod, record);
    await deleteContainer(libpod, record, options.volumes || record.spec.autoRemove);
    return undefined;
  } finally {
    lock.release();
  }
}

/** The first part of `removeContainer` with force. Leaves alone what others depend on, and what may not be stopped: that is for the second to tell. */
export async function stopForRemoval(
  libpod: Libpod,
  id: string,
  options: Pick<RemoveOptions, 'withPod' | 'stopTimeout'>,
): Promise<void> {
  if (dependentsOf(libpod.db, id).length > 0) return;
  try {
    await stopContainer(libpod, id, {
      forRemoval: true,
      withPod: options.withPod === true,
      ...(options.stopTimeout === undefined ? {} : { timeout: options.stopTimeout }),
    });
  } catch (error) {
    if (error instanceof SurvivesError || !(error instanceof ConflictError)) throw error;
  }
}

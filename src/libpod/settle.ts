import { crashPoint } from '../base/crash-point.ts';
import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { KernelLock } from '../native/kernel-lock.ts';
import { allowReserve, statement, transaction } from '../state/db.ts';
import { END_DISCONNECT, FOR_DOCKER, timestamp } from '../state/events.ts';
import { type ContainerRecord, getContainer, lookupContainer, NO_END, updateContainer } from './container.ts';
import { tryLockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { deleteContainer, deleteMarked, markRemoving } from './delete.ts';
import { markFrozen } from './freezer.ts';
import { hasOwner, isInterruptedReturn, observe } from './observe.ts';
import { releaseFailedStart, releaseResources } from './release.ts';
import { planRestart } from './restart-policy.ts';
import { tellStarted } from './tell-started.ts';
import { networkEvents } from './network-events.ts';
import { changeState } from './state-change.ts';

/**
 * Writes down what observe.ts sees and finishes what dead processes left: records exits, releases mounts, network and runtime
 * state, completes removals, drops half-made containers. The caller holds the container's lock.
 * Returns the settled record, or undefined when the container is gone.
 */
export async function settle(libpod: Libpod, id: string): Promise<ContainerRecord | undefined> {
  const stored = getContainer(libpod.db, id);
  if (stored === undefined) return undefined;
  if (stored.state === 'creating' || stored.state === 'removing') {
    if (stored.state === 'creating' && hasOwner(stored)) return stored;
    // Of a container that never was complete nobody knows the volumes.
    if (stored.state === 'creating') await deleteContainer(libpod, stored, true);
    else await deleteContainer(libpod, stored);
    return undefined;
  }
  const now = observe(libpod, stored);
  if (isInterruptedReturn(stored, now)) {
    await releaseFailedStart(libpod, stored);
    const { restart } = now.facts;
    const facts = restart === undefined ? {} : { restart };
    const isImport = stored.checkpoint?.importing !== undefined;
    updateContainer(libpod.db, id, { state: 'exited', facts, ...(isImport ? {} : { owner: null }) });
    return getContainer(libpod.db, id);
  }
  if (now.state === 'exited' && (stored.state !== 'exited' || stored.facts.held === true)) {
    return await settleExit(libpod, stored, now);
  }
  if (now.state === 'created' && stored.state !== 'created') {
    await releaseFailedStart(libpod, stored);
    updateContainer(libpod.db, id, { state: 'created', pid: null, owner: null, error: now.error, facts: {} });
  } else if (now.state !== stored.state || now.owner !== stored.owner) {
    if (stored.state !== 'starting') markFrozen(libpod, id, now.state === 'paused');
    updateContainer(libpod.db, id, {
      state: now.state,
      pid: now.pid ?? null,
      monitorPid: now.monitorPid ?? null,
      monitorStart: now.monitorStart ?? null,
      startedAt: now.startedAt ?? null,
      facts: now.facts,
      owner: null,
      ...(stored.state === 'starting' ? NO_END : {}),
      ...(now.checkpoint === stored.checkpoint ? {} : { checkpoint: now.checkpoint ?? null }),
      ...(stored.state === 'stopping' ? { stoppedByUser: false } : {}),
    });
    // Its starter was killed before it could.
    if (stored.state === 'starting') tellStarted(libpod, id);
  }
  if (isAbandoned(now)) {
    await deleteContainer(libpod, now);
    return undefined;
  }
  return getContainer(libpod.db, id);
}

const podsToSettle = new Set<string>();

/**
 * Whether a pod goes on after the end of one of its containers is looked at here: to be called after `settle`, once the container's lock,
 * which comes after the pod's and those of the pod's other containers, has been released.
 */
export async function settlePods(libpod: Libpod): Promise<void> {
  if (podsToSettle.size === 0) return;
  const ids = [...podsToSettle];
  podsToSettle.clear();
  const { containerEnded } = await import('./pod-exit.ts');
  for (const id of ids) await containerEnded(libpod, id);
}

async function settleExit(
  libpod: Libpod,
  stored: ContainerRecord,
  now: ContainerRecord,
): Promise<ContainerRecord | undefined> {
  const restarting = stored.facts.restarting === true && hasOwner(stored);
  const checkpoint = await endingCheckpoint(libpod, stored);
  const stopped = stored.state === 'stopping' ? ['stop'] : [];
  allowReserve(libpod.db);
  if (stored.state !== 'exited') {
    changeState(libpod, stored.id, 'record-exit', {
      changes: {
        // Its processes go on with the restore.
        exitCode: checkpoint === undefined ? (now.exitCode ?? null) : 0,
        exitLost: now.exitLost && checkpoint === undefined,
        oomKilled: now.oomKilled,
        error: checkpoint === undefined ? now.error : '',
        pid: null,
        owner: restarting ? (stored.owner ?? null) : null,
        finishedAt: now.finishedAt ?? null,
        facts: { ...now.facts, held: true },
      },
      eventsBefore: networkEvents(stored, stored.facts.network, END_DISCONNECT),
      events: [...(checkpoint === undefined ? stopped : ['checkpoint']), 'died'],
      eventAttributes: {
        containerExitCode: String(checkpoint === undefined ? (now.exitCode ?? '') : 0),
        [FOR_DOCKER.duration]: secondsBetween(now.startedAt, now.finishedAt),
      },
    });
  }
  if (stored.podId !== undefined && !restarting) podsToSettle.add(stored.podId);
  crashPoint('settle-after-exit');
  await checkpoint?.completeCheckpoint(libpod, stored);
  await releaseResources(libpod, stored);
  crashPoint('settle-after-release');
  // Nobody has exported it yet, whatever becomes of its maker.
  const removes = stored.spec.autoRemove && !restarting && checkpoint === undefined;
  // With what was written before; one that removes itself does not outlive a power cut anyway.
  const durable = !stored.spec.autoRemove || checkpoint !== undefined;
  const isSaved = checkpoint !== undefined;
  const settled = transaction(libpod.db, () => recordRelease(libpod, stored, { removes, isSaved }), durable);
  if (!removes) return settled;
  await deleteMarked(libpod, settled);
  return undefined;
}

function secondsBetween(from: string | null | undefined, to: string | null | undefined): string {
  const milliseconds = Date.parse(to ?? '') - Date.parse(from ?? '');
  return String(Math.max(0, Math.trunc(milliseconds / 1000) || 0));
}

/** Set when it was a checkpoint that has ended it. */
async function endingCheckpoint(libpod: Libpod, { id, facts }: ContainerRecord) {
  if (facts.checkpointing !== true) return undefined;
  const files = await import('./checkpoint-files.ts');
  return files.hasEndedByCheckpoint(libpod, id) ? files : undefined;
}

/** Nothing is held any more; one that `removes` itself counts as being removed at the same moment. */
function recordRelease(
  libpod: Libpod,
  { id, spec }: ContainerRecord,
  { removes, isSaved }: { removes: boolean; isSaved: boolean },
): ContainerRecord {
  // Their programs have ended with the container; their monitors may have been killed before they could say so.
  statement(libpod.db, 'DELETE FROM exec_sessions WHERE container_id = ?').run(id);
  const ended = spec.restart.name === 'no' || isSaved ? undefined : getContainer(libpod.db, id);
  const restart = ended === undefined ? undefined : planRestart(libpod, ended, ended.facts.quickRestarts);
  const settled = changeState(libpod, id, 'record-exit', {
    changes: {
      facts: restart === undefined ? {} : { restart },
      ...(isSaved ? { checkpoint: { checkpointedAt: timestamp() } } : {}),
    },
    events: ['cleanup'],
  });
  if (removes) markRemoving(libpod, settled);
  return settled;
}

/** Made by a `run --rm` or an import that was killed before it started it, or stopped by a `restart` that was killed then. */
function isAbandoned(record: ContainerRecord): boolean {
  return (
    // The spec last: for a list it has not been parsed yet.
    (record.state === 'created' || record.state === 'exited') &&
    record.owner !== undefined &&
    (record.spec.autoRemove || record.checkpoint?.importing !== undefined) &&
    !hasOwner(record)
  );
}

/**
 * For commands that only look: settles what can be settled without waiting, and shows the rest as it is observed.
 * Never throws for trouble with the container: the facts are shown all the same.
 */
export async function settleQuietly(
  libpod: Libpod,
  record: ContainerRecord,
): Promise<ContainerRecord | undefined> {
  const now = observe(libpod, record);
  if (!needsSettling(record, now)) return now;
  let lock: KernelLock | undefined;
  try {
    lock = tryLockContainer(libpod, record.id);
    if (lock === undefined) return now;
    const settled = await settle(libpod, record.id);
    lock.release();
    await settlePods(libpod);
    return settled;
  } catch (error) {
    log('warn', `cannot clean up container ${record.name}: ${messageOf(error)}`);
    return now;
  } finally {
    lock?.release();
  }
}

/** By name or id. One that was never made, or is half removed, by a process that is gone is removed, and not found. */
export async function lookupPresent(libpod: Libpod, nameOrId: string): Promise<ContainerRecord> {
  const record = lookupContainer(libpod.db, nameOrId);
  if (record.state !== 'creating' && record.state !== 'removing') return record;
  return (await settleQuietly(libpod, record)) ?? lookupContainer(libpod.db, nameOrId);
}

export function needsSettling(stored: ContainerRecord, now: ContainerRecord): boolean {
  if (stored.state === 'creating' || stored.state === 'removing') return !hasOwner(stored);
  return (
    now.state !== stored.state ||
    now.owner !== stored.owner ||
    (stored.state === 'exited' && stored.facts.held === true) ||
    isAbandoned(now)
  );
}

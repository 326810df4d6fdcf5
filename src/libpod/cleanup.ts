import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { type ContainerRecord, getContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { dueRestart, LONGEST_OWN_WAIT_MS, restOf } from './restart-policy.ts';
import { settle, settlePods } from './settle.ts';
import { startContainer } from './start.ts';

export interface RestartWait {
  milliseconds: number;
  /** What `restartByPolicy` is to be told then. */
  count: number;
}

/**
 * What the monitor has done when a container has ended: releases everything, removes it with --rm, starts it again where its
 * restart policy says so. Idempotent: when it was killed half way, another call does the rest. With `handOver` a long wait until
 * the restart is the caller's, and returned.
 */
export async function cleanupContainer(
  libpod: Libpod,
  id: string,
  options: { handOver?: boolean } = {},
): Promise<RestartWait | undefined> {
  const lock = await lockContainer(libpod, id);
  let record: ContainerRecord | undefined;
  try {
    record = await settle(libpod, id);
  } finally {
    lock.release();
  }
  // Its builder would have removed it; if that was killed, nobody else is there to do it soon.
  if (record?.buildOwner !== undefined) {
    await (await import('./abandoned-builds.ts')).removeAbandonedBuilds(libpod);
    return undefined;
  }
  await settlePods(libpod);
  const due = record === undefined ? undefined : dueRestart(libpod, record);
  if (due === undefined) return undefined;
  const milliseconds = restOf(due);
  if (options.handOver && milliseconds > LONGEST_OWN_WAIT_MS) return { milliseconds, count: due.count };
  await delay(milliseconds);
  await restartByPolicy(libpod, id, due.count);
  return undefined;
}

/** Unless it was stopped, started or removed by somebody while we waited. */
export async function restartByPolicy(libpod: Libpod, id: string, count: number): Promise<void> {
  const now = getContainer(libpod.db, id);
  if (now === undefined) return;
  try {
    const started = await startContainer(libpod, id, { restart: true, restartCount: count });
    started.monitor?.close();
  } catch (error) {
    log('error', `cannot restart container ${now.name}: ${messageOf(error)}`);
  }
}

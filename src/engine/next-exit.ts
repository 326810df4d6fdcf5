import { setTimeout as delay } from 'node:timers/promises';
import { type ContainerRecord, getContainer } from '../libpod/container.ts';
import { lockContainer } from '../libpod/container-lock.ts';
import { LOST_EXIT_CODE, observe } from '../libpod/observe.ts';
import { settle } from '../libpod/settle.ts';
import { waitForEnd } from '../libpod/stop.ts';
import type { Row } from '../state/db.ts';
import { attributesOf } from '../state/events.ts';
import type { Engine } from './engine.ts';

/** docker's conditions: it does not run now; it ends from now on (even if it has not been started yet); it is gone. */
export type ExitCondition = 'not-running' | 'next-exit' | 'removed';

/** Where nothing tells when to look. */
const POLL_MS = 25;
/** The longest that the thread of a wait outlives who waited. */
const LONGEST_MS = 10_000;

/** Exit code of the container when the condition holds; undefined when `signal` was aborted before. */
export async function waitForExitCondition(
  engine: Engine,
  record: ContainerRecord,
  condition: ExitCondition,
  signal: AbortSignal,
): Promise<number | undefined> {
  const seen = lastDeath(engine, record.id)?.seq ?? 0;
  while (!signal.aborted) {
    const stored = getContainer(engine.db, record.id);
    const death = lastDeath(engine, record.id);
    if (stored === undefined) return death?.code ?? LOST_EXIT_CODE;
    const now = observe(engine, stored);
    if (condition === 'next-exit' && death !== undefined && death.seq > seen) return death.code;
    if (condition === 'not-running' && now.state === 'created') return 0;
    const hasEnded = now.state === 'exited';
    // Written down, so that whoever waited may use the name and the ports at once.
    if (hasEnded && stored.state !== 'exited') await settleNow(engine, record.id);
    else if (hasEnded && condition === 'not-running') return now.exitCode ?? LOST_EXIT_CODE;
    else await change(engine, now, signal);
  }
  return undefined;
}

/** Exit code of a container that has removed itself, by its full id; undefined when nobody knows of it. */
export function exitCodeOfGone(engine: Engine, id: string): number | undefined {
  return getContainer(engine.db, id) === undefined ? lastDeath(engine, id)?.code : undefined;
}

/** Resolves when it has ended, and at the latest after a while. */
async function change(engine: Engine, now: ContainerRecord, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  try {
    const isUp = now.pid !== undefined && now.state !== 'exited';
    const pause = delay(isUp ? LONGEST_MS : POLL_MS, undefined, { signal: either }).catch(() => undefined);
    await (isUp ? Promise.race([waitForEnd(engine, now, LONGEST_MS), pause]) : pause);
  } finally {
    stop.abort();
  }
}

async function settleNow(engine: Engine, id: string): Promise<void> {
  const lock = await lockContainer(engine, id);
  try {
    await settle(engine, id);
  } finally {
    lock.release();
  }
}

function lastDeath(engine: Engine, id: string): { seq: number; code: number } | undefined {
  const row = engine.db
    .prepare(
      "SELECT seq, attributes FROM events WHERE object_id = ? AND action = 'died' ORDER BY seq DESC LIMIT 1",
    )
    .get(id) as Row | undefined;
  if (row === undefined) return undefined;
  return { seq: Number(row['seq']), code: Number(attributesOf(row)['containerExitCode'] || LOST_EXIT_CODE) };
}

import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, UnsupportedError, UsageError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { type ContainerRecord, getContainer } from '../libpod/container.ts';
import { lockContainer } from '../libpod/container-lock.ts';
import { hasHealthcheck, healthStatus } from '../libpod/health-record.ts';
import { LOST_EXIT_CODE, observe } from '../libpod/observe.ts';
import { settle, settleQuietly } from '../libpod/settle.ts';
import { waitForEnd } from '../libpod/stop.ts';
import { type ContainerState, displayState } from '../libpod/transitions.ts';
import type { Row } from '../state/db.ts';
import { attributesOf } from '../state/events.ts';
import type { Engine } from './engine.ts';

/** What `wait --condition` takes; `configured` and `stopped` are podman's other words for `created` and `exited`. */
const CONDITIONS: Readonly<Record<string, string>> = {
  configured: 'created',
  created: 'created',
  initialized: 'initialized',
  running: 'running',
  paused: 'paused',
  stopping: 'stopping',
  stopped: 'exited',
  exited: 'exited',
  removing: 'removing',
  healthy: 'healthy',
  unhealthy: 'unhealthy',
};

export interface WaitOptions {
  /** Empty: until it has ended. */
  conditions: readonly string[];
  /** Milliseconds between two looks, where nothing tells when to look. */
  interval: number;
  /** Whoever waits has gone: -1 is returned at once. */
  signal?: AbortSignal;
}

/** Throws UsageError for a word that is no condition. */
export function checkConditions(conditions: readonly string[]): void {
  for (const condition of conditions) {
    if (CONDITIONS[condition] === undefined)
      throw new UsageError(`unknown container state: ${condition}: invalid argument`);
  }
}

/**
 * Waits until one of the conditions holds. Returns the exit code where that is an end, -1 for every other state; 0 for the end of a
 * container that was never started. When an end is returned, everything is released, and with --rm the name is free.
 */
export async function waitForCondition(
  engine: Engine,
  record: ContainerRecord,
  options: WaitOptions,
): Promise<number> {
  const wanted = new Set(options.conditions.map((condition) => CONDITIONS[condition] ?? condition));
  if (wanted.size === 0) wanted.add('exited');
  const health = wanted.has('healthy') || wanted.has('unhealthy');
  if (health) checkHealth(engine, record);
  const seen = lastDeath(engine, record.id)?.seq ?? 0;
  const onlyEnd = wanted.size === 1 && wanted.has('exited');
  const { signal, interval } = options;
  while (signal?.aborted !== true) {
    const stored = getContainer(engine.db, record.id);
    // Between two looks it may have ended, and even been started again or removed.
    const death = lastDeath(engine, record.id);
    if (wanted.has('exited') && death !== undefined && death.seq > seen)
      return await ended(engine, record, death.code);
    if (stored === undefined) return death === undefined || death.seq === seen ? LOST_EXIT_CODE : death.code;
    const now = observe(engine, stored);
    if (now.state === 'exited' && wanted.has('exited'))
      return await ended(engine, record, now.exitCode ?? LOST_EXIT_CODE);
    if (onlyEnd && now.state === 'created') return 0;
    if (wanted.has(displayState(now.state)) && !isTransient(now.state)) return -1;
    if (health && wanted.has(healthStatus(engine, now) ?? '')) return -1;
    if (now.state === 'removing') await settleQuietly(engine, stored);
    if (onlyEnd && now.pid !== undefined) await endOrAbort(engine, now, signal);
    else await pause(onlyEnd ? Math.min(interval, POLL_MS) : interval, signal);
  }
  return -1;
}

async function endOrAbort(
  engine: Engine,
  now: ContainerRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) return void (await waitForEnd(engine, now, LONGEST_WAIT_MS));
  await Promise.race([waitForEnd(engine, now, LONGEST_THREAD_MS), pause(LONGEST_THREAD_MS, signal)]);
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
}

const LONGEST_WAIT_MS = 3_600_000;
/** How long the thread of a wait may outlive who waited. */
const LONGEST_THREAD_MS = 10_000;
/** For a container that is being started, and so has no process yet. */
const POLL_MS = 50;

function isTransient(state: ContainerState): boolean {
  return state === 'creating' || state === 'starting';
}

/** Whoever waited may use the ports, mounts and the name at once. */
async function ended(engine: Engine, record: ContainerRecord, code: number): Promise<number> {
  try {
    const lock = await lockContainer(engine, record.id);
    try {
      await settle(engine, record.id);
    } finally {
      lock.release();
    }
  } catch (error) {
    log('warn', `cannot clean up container ${record.name}: ${messageOf(error)}`);
  }
  return code;
}

interface Death {
  seq: number;
  code: number;
}

function lastDeath(engine: Engine, id: string): Death | undefined {
  const row = engine.db
    .prepare(
      "SELECT seq, attributes FROM events WHERE object_id = ? AND action = 'died' ORDER BY seq DESC LIMIT 1",
    )
    .get(id) as Row | undefined;
  if (row === undefined) return undefined;
  const code = Number(attributesOf(row)['containerExitCode'] || LOST_EXIT_CODE);
  return { seq: Number(row['seq']), code };
}

function checkHealth(engine: Engine, record: ContainerRecord): void {
  if (!hasHealthcheck(record.spec.healthcheck))
    throw new UsageError(`cannot use condition "healthy": container ${record.id} has no healthcheck`);
  if (engine.foreignMonitor)
    throw new UnsupportedError(
      `cannot wait for the health of container ${record.name}: conmon runs no checks`,
    );
}

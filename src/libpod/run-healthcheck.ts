import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../base/clock.ts';
import { InvalidSpecError, MonitorError, UnsupportedError, WrongStateError } from '../base/errors.ts';
import { CHECK_HEALTH, tellMonitor } from '../conmon/monitor-control.ts';
import { type ContainerRecord, lookupContainer } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { hasHealthcheck, type HealthLogEntry, type HealthRecord, readHealth } from './health-record.ts';
import { isMonitored, observe } from './observe.ts';

const POLL_MS = 10;
/** For the runtime to start the program, and the monitor to write the log. */
const SLACK_MS = 15_000;

export interface HealthcheckRun {
  entry: HealthLogEntry;
  health: HealthRecord;
}

/** `healthcheck run`: has the monitor check now, and waits for what comes of it. */
export async function runHealthcheck(libpod: Libpod, nameOrId: string): Promise<HealthcheckRun> {
  const record = observe(libpod, lookupContainer(libpod.db, nameOrId));
  const { healthcheck: check, health } = record.spec;
  if (!hasHealthcheck(check)) throw new InvalidSpecError(`container ${record.id} has no defined healthcheck`);
  if (record.state !== 'running')
    throw new WrongStateError(
      `cannot check the health of container ${record.id}: it is ${record.state}, not running`,
    );
  const asked = { wall: Date.now(), clock: monotonicMs(), last: lastStart(libpod, record) };
  if (!tellMonitor(containerPaths(libpod.paths, record.id).bundle.control, CHECK_HEALTH))
    throw new UnsupportedError(
      `cannot check the health of container ${record.name}: it has no monitor of tspod's that runs`,
    );
  // One that is under way is waited for first.
  const longest = Math.max(check.timeout ?? 0, health?.startup?.timeout ?? 0) / 1e6;
  const deadline = monotonicMs() + 2 * longest + SLACK_MS;
  for (;;) {
    const now = readHealth(libpod, record);
    const entry = now?.Log.at(-1);
    if (now !== undefined && entry !== undefined && isSince(asked, entry)) return { entry, health: now };
    if (!isMonitored(record))
      throw new MonitorError(
        `the monitor of container ${record.name} was killed before it had made the health check`,
      );
    if (observe(libpod, record).state !== 'running' || monotonicMs() > deadline)
      throw new MonitorError(`the monitor of container ${record.name} has not made the health check`);
    await delay(POLL_MS);
  }
}

interface Asked {
  /** Milliseconds since 1970. */
  wall: number;
  clock: number;
  /** When the check began that was the last one then. */
  last: string | undefined;
}

const STEP_MS = 1000;

function lastStart(libpod: Libpod, record: ContainerRecord): string | undefined {
  return readHealth(libpod, record)?.Log.at(-1)?.Start;
}

function isSince({ wall, clock, last }: Asked, { Start: start }: HealthLogEntry): boolean {
  // What our clock would have said then, had it been set back before.
  const now = Date.now() - (monotonicMs() - clock);
  return start !== last && Date.parse(start) >= (now < wall - STEP_MS ? now : wall);
}

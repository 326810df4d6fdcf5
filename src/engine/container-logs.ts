import { UnsupportedError } from '../base/errors.ts';
import { exitDirectory } from '../conmon/exit-record.ts';
import { watchLog } from '../conmon/log-alarm.ts';
import { followLog } from '../conmon/log-follow.ts';
import { readJournal } from '../conmon/log-journal.ts';
import { type LogConsumer, LogReader, type LogSelection } from '../conmon/log-reader.ts';
import { dueRestart, LONGEST_DELAY_MS, planRestart } from '../libpod/restart-policy.ts';
import { type ContainerRecord, getContainer } from '../libpod/container.ts';
import { logPath } from '../libpod/container-paths.ts';
import { observe } from '../libpod/observe.ts';
import type { Engine } from './engine.ts';

export type { LogEntry } from '../conmon/log-entry.ts';
export type { LogConsumer } from '../conmon/log-reader.ts';
export { parseLogTime, timeText } from '../conmon/log-time.ts';
export { logDetails } from '../specgen/log-attributes.ts';

export interface LogsOptions extends LogSelection {
  /** Go on until the container has ended. */
  follow: boolean;
}

/** Between the two halves of `restart` the container is stopped. */
const RESTART_GAP_MS = 500;
/** How much later than planned the monitor's clean-up may bring a container back. */
const RESTART_SLACK_MS = 5_000;

/**
 * Hands everything that a container has written, or will write, to the consumer. Takes no lock, and works on while the container is
 * restarted or removed. Throws UnsupportedError at once where the log driver keeps nothing.
 */
export async function readContainerLogs(
  engine: Engine,
  record: ContainerRecord,
  options: LogsOptions,
  consumer: LogConsumer,
): Promise<void> {
  checkReadable(record);
  const isActive = (): boolean => options.signal?.aborted !== true && mayWrite(engine, record.id);
  if (record.spec.log.driver === 'journald') {
    await readJournal({ ...options, id: record.id, isActive }, consumer);
    return;
  }
  const path = logPath(engine.paths, record.id, record.spec);
  if (path === undefined) return;
  const { follow, until } = options;
  const alarm = follow ? watchLog(path, [exitDirectory(engine.paths.runRoot)]) : undefined;
  const reader = new LogReader({ path, maxFiles: record.spec.log.maxFiles }, options, consumer);
  try {
    if (alarm === undefined) await reader.readOn();
    else await followLog(reader, { alarm, isActive, until });
  } finally {
    reader.close();
    alarm?.close();
  }
}

/** For commands on several containers: refuse before the first line is printed. */
export function checkReadable(record: ContainerRecord): void {
  const { driver } = record.spec.log;
  if (driver !== 'none' && driver !== 'passthrough' && driver !== 'passthrough-tty') return;
  throw new UnsupportedError(
    `this container is using the '${driver}' log driver, cannot read logs: this container is not logging output`,
  );
}

/** False once the container has ended for good (by what is known), or is gone. */
function mayWrite(engine: Engine, id: string): boolean {
  const stored = getContainer(engine.db, id);
  if (stored === undefined) return false;
  const now = observe(engine, stored);
  switch (now.state) {
    case 'starting':
    case 'running':
    case 'paused':
    case 'stopping':
      return true;
    case 'exited':
      return isRestartExpected(engine, now);
    default:
      return false;
  }
}

/** An ended container may come back by itself or by `restart`. */
function isRestartExpected(engine: Engine, record: ContainerRecord): boolean {
  // Until its end has been settled, what its policy says is only to be worked out.
  const { held, quickRestarts } = record.facts;
  const due = held === true ? planRestart(engine, record, quickRestarts) : dueRestart(engine, record);
  if (due !== undefined) {
    const rest = due.at - Date.now();
    return rest > -RESTART_SLACK_MS && rest <= LONGEST_DELAY_MS;
  }
  // Of one that ends in the future the clock was set back since.
  const ago = Date.now() - Date.parse(record.finishedAt ?? '');
  return record.stoppedByUser && !record.spec.autoRemove && ago >= 0 && ago < RESTART_GAP_MS;
}

import { setTimeout as delay } from 'node:timers/promises';
import type { RuntimeError } from '../base/errors.ts';
import { getContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { explainUnexecutedProgram } from './explain-start.ts';
import { LOST_EXIT_CODE, observe } from './observe.ts';
import { settle, settlePods } from './settle.ts';
import type { StartedContainer } from './start.ts';
import { waitForEnd } from './stop.ts';
import type { Row } from '../state/db.ts';
import { attributesOf } from '../state/events.ts';

export interface ExitReport {
  exitCode: number;
  oomKilled: boolean;
  lost: boolean;
  /** Why its program never ran, where this process has been told so. */
  unexecuted?: RuntimeError;
}

/**
 * Waits for the end of a container that this process started with `stay`, takes over the clean-up from the monitor, and leaves
 * everything settled (and the container gone if it removes itself).
 */
export async function waitForOwnExit(libpod: Libpod, started: StartedContainer): Promise<ExitReport> {
  const { record, monitor } = started;
  const message = await monitor?.exited();
  if (message !== undefined) monitor?.takeCleanup();
  monitor?.close();
  if (message === undefined) return await waitForExit(libpod, record.id);
  const lock = await lockContainer(libpod, record.id);
  let unexecuted: RuntimeError | undefined;
  try {
    if (message.unexecuted !== undefined)
      unexecuted = await explainUnexecutedProgram(libpod, record, message.unexecuted);
    await settle(libpod, record.id);
  } finally {
    lock.release();
  }
  await settlePods(libpod);
  const report = { exitCode: message.exitCode, oomKilled: message.oom, lost: false };
  return unexecuted === undefined ? report : { ...report, unexecuted };
}

/** Waits for the end of any container; one that removed itself meanwhile told its code in its last event. */
export async function waitForExit(libpod: Libpod, id: string): Promise<ExitReport> {
  for (;;) {
    const stored = getContainer(libpod.db, id);
    if (stored === undefined) return reportOfGone(libpod, id);
    const now = observe(libpod, stored);
    if (now.state === 'exited') {
      return { exitCode: now.exitCode ?? LOST_EXIT_CODE, oomKilled: now.oomKilled, lost: now.exitLost };
    }
    // One that does not run yet has nothing to wait on but its row.
    if (now.pid === undefined) await delay(POLL_MS);
    else await waitForEnd(libpod, now, LONG_MS);
  }
}

const LONG_MS = 3_600_000;
const POLL_MS = 50;

function reportOfGone(libpod: Libpod, id: string): ExitReport {
  const row = libpod.db
    .prepare(
      "SELECT attributes FROM events WHERE object_id = ? AND action = 'died' ORDER BY seq DESC LIMIT 1",
    )
    .get(id) as Row | undefined;
  const exitCode = Number((row && attributesOf(row))?.['containerExitCode'] ?? LOST_EXIT_CODE);
  return { exitCode, oomKilled: false, lost: exitCode === LOST_EXIT_CODE };
}

import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../base/clock.ts';
import { WrongStateError } from '../base/errors.ts';
import { findContainer } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import type { Engine } from './engine.ts';

/** Waits until there is a container of this name and it runs: `exec --wait SECONDS`. Throws WrongStateError when the time is over. */
export async function awaitRunning(engine: Engine, nameOrId: string, seconds: number): Promise<void> {
  const deadline = monotonicMs() + seconds * 1000;
  for (;;) {
    const record = findContainer(engine.db, nameOrId);
    if (record !== undefined && observe(engine, record).state === 'running') return;
    if (monotonicMs() >= deadline)
      throw new WrongStateError(
        `timed out waiting for container: ${nameOrId}: ${record === undefined ? 'there is none' : `it is ${record.state}`} after ${seconds} s`,
      );
    await delay(POLL_MS);
  }
}

const POLL_MS = 100;

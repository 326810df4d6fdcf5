import { readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { monotonicMs } from '../base/clock.ts';
import { errnoOf, LockLostError } from '../base/errors.ts';
import { ensureDirectory } from '../base/paths.ts';
import { formatIdentity, isAlive, ownIdentity, parseIdentity } from '../native/process-identity.ts';

export interface LeaseOptions {
  /** Where leases live: `locks` below the run root. */
  directory: string;
  /** A file name. */
  name: string;
  signal?: AbortSignal | undefined;
  /** Called once if somebody else holds it. */
  onWait?: (() => void) | undefined;
}

/** A holder that does not renew for this long counts as gone, even if its process lives (a stopped one, say). */
const STALE_MS = 15_000;
/** The package compares the time of the lock with the wall clock, which somebody may set: it never finds one stale, we do. */
const NEVER_MS = 1e12;
const RENEW_MS = 5_000;
const POLL_MS = 100;

/**
 * Runs `work` while no other process holds the lease of that name: a courtesy (not fetching twice), never what correctness
 * hangs on. Waits as long as the holder lives; one that was killed is noticed at once by pid and start time. If the lease is
 * lost (this process was stopped for long), the signal that `work` gets aborts with LockLostError.
 */
export async function withLease<T>(
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const release = await acquire(options, (error) => {
    lost.abort(new LockLostError(`lost the lease ${options.name}`, { cause: error }));
  });
  try {
    const signals = options.signal === undefined ? [lost.signal] : [lost.signal, options.signal];
    return await work(AbortSignal.any(signals));
  } finally {
    await release();
  }
}

async function acquire(options: LeaseOptions, onLost: (error: Error) => void): Promise<() => Promise<void>> {
  ensureDirectory(options.directory);
  const file = join(options.directory, options.name);
  const ownerFile = `${file}.owner`;
  const renewal = watchRenewal(`${file}.lock`);
  for (let attempt = 0; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      const unlock = await lockfile.lock(file, {
        realpath: false,
        stale: NEVER_MS,
        update: RENEW_MS,
        onCompromised: onLost,
      });
      writeFileAtomic(ownerFile, formatIdentity(ownIdentity()), { durable: false });
      return async () => {
        rmSync(ownerFile, { force: true });
        // A lost lease cannot be given back; that was reported already.
        await unlock().catch(() => {});
      };
    } catch (error) {
      if (errnoOf(error) !== 'ELOCKED') throw error;
    }
    if (attempt === 0) options.onWait?.();
    if (!breakLock(file, ownerFile, () => renewal.isOverdue() || !isHeld(ownerFile))) {
      await delay(POLL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
}

function isHeld(ownerFile: string): boolean {
  return isAlive(parseIdentity(readFileSync(ownerFile, 'utf8')));
}

interface Renewal {
  /** It is the same lock, renewed no more, for longer than any holder needs. */
  isOverdue(): boolean;
}

/** Changes of the lock's time are what counts, by our own clock since we first saw it; not what time it is. */
function watchRenewal(held: string): Renewal {
  let seen: string | undefined;
  let since = 0;
  return {
    isOverdue() {
      const { ino, mtimeMs } = statSync(held);
      const now = `${ino} ${mtimeMs}`;
      if (now !== seen) [seen, since] = [now, monotonicMs()];
      return monotonicMs() - since > STALE_MS;
    },
  };
}

/** Takes a lock directory away whose holder is gone; true when that happened. */
function breakLock(file: string, ownerFile: string, isAbandoned: () => boolean): boolean {
  const held = `${file}.lock`;
  const grave = `${held}.dead-${process.pid}`;
  try {
    const before = statSync(held);
    if (!isAbandoned()) return false;
    // First: whoever takes the lease next is not to be taken for its dead holder until it has written its own.
    rmSync(ownerFile, { force: true });
    renameSync(held, grave);
    // Another waiter may have buried it and taken the lease between the two calls: then that one gets its lock back.
    if (statSync(grave).ino !== before.ino) {
      renameSync(grave, held);
      return false;
    }
    rmSync(grave, { recursive: true, force: true });
    return true;
  } catch (error) {
    // Gone or not yet named: the next attempt will see.
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTEMPTY') return false;
    throw error;
  }
}

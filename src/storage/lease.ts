import { readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import lockfile from 'proper-lockfile';
import { writeFileAtomic } from '../base/atomic-file.ts';
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
  for (let attempt = 0; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      const unlock = await lockfile.lock(file, {
        realpath: false,
        stale: STALE_MS,
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
    if (!breakDead(file, ownerFile)) {
      await delay(POLL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
}

/** Takes the lock directory of a dead holder away; true when that happened. */
function breakDead(file: string, ownerFile: string): boolean {
  const held = `${file}.lock`;
  const grave = `${held}.dead-${process.pid}`;
  try {
    const before = statSync(held);
    if (isAlive(parseIdentity(readFileSync(ownerFile, 'utf8')))) return false;
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

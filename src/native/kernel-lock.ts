import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { monotonicMs } from '../base/clock.ts';
import { errnoOf, LockError, LockTimeoutError, messageOf } from '../base/errors.ts';
import { ensureDirectory } from '../base/paths.ts';
import { syscalls } from './linux.ts';

/** Taken top down: an operation that holds one may take those below it, and further containers with a greater id. */
export const LOCK_LEVELS = ['pod', 'container', 'volume', 'storage'] as const;
export type LockLevel = (typeof LOCK_LEVELS)[number];

export interface LockOptions {
  mode: 'shared' | 'exclusive';
  /** Milliseconds; 0 tries once. */
  timeoutMs: number;
  /** Names the locked thing in messages, e.g. `container 1234abcd`. */
  what: string;
  /** The place in the lock order; without it the order is not checked. */
  level?: LockLevel;
  /** The id within the level; containers are taken in ascending order of it. */
  id?: string;
  /** The lock that this operation took last and still holds. */
  after?: KernelLock;
}

/** Held until `release` (idempotent), the end of a `using` block, or the end of the process, however that comes. */
export interface KernelLock extends Disposable {
  readonly path: string;
  readonly options: LockOptions;
  /** A child that inherits this descriptor holds the lock as well, until it closes it or dies. */
  readonly fd: number;
  release(): void;
}

/**
 * Locks the file at `path` (made when missing, with its folder; it may be deleted by a holder of the exclusive lock).
 * The kernel frees the lock when the process dies. Not recursive. Throws LockTimeoutError naming `what`, and LockError when
 * the lock order is violated.
 */
export async function acquireLock(path: string, options: LockOptions): Promise<KernelLock> {
  checkOrder(path, options);
  const deadline = monotonicMs() + options.timeoutMs;
  for (;;) {
    const fd = openLockFile(path);
    let locked = false;
    try {
      const system = syscalls();
      locked = system.tryLock(fd, options.mode);
      const left = Math.ceil(deadline - monotonicMs());
      if (!locked && left > 0) locked = await system.lock(fd, options.mode, left);
      if (!locked) throw new LockTimeoutError(`${options.what} is locked by another tspod process`);
      locked = isStillAt(path, fd);
      if (locked) return lockHandle(path, options, fd);
    } finally {
      if (!locked) closeSync(fd);
    }
  }
}

/** Like acquireLock, but at once: undefined when somebody else holds it. */
export function tryAcquireLock(
  path: string,
  options: Omit<LockOptions, 'timeoutMs'>,
): KernelLock | undefined {
  const complete = { ...options, timeoutMs: 0 };
  checkOrder(path, complete);
  for (;;) {
    const fd = openLockFile(path);
    let locked = false;
    try {
      if (!syscalls().tryLock(fd, options.mode)) return undefined;
      locked = isStillAt(path, fd);
      if (locked) return lockHandle(path, complete, fd);
    } finally {
      if (!locked) closeSync(fd);
    }
  }
}

function lockHandle(path: string, options: LockOptions, fd: number): KernelLock {
  let held = true;
  const release = (): void => {
    if (!held) return;
    held = false;
    closeSync(fd);
  };
  return { path, options, fd, release, [Symbol.dispose]: release };
}

/** Whoever waited may have got a file that its holder deleted meanwhile: such a lock protects nothing. */
function isStillAt(path: string, fd: number): boolean {
  const now = statSync(path, { bigint: true, throwIfNoEntry: false });
  const ours = fstatSync(fd, { bigint: true });
  return now !== undefined && now.ino === ours.ino && now.dev === ours.dev;
}

/** Node opens close-on-exec, so no child keeps the lock. */
function openLockFile(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  try {
    return openSync(path, flags, 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw unusable(path, error);
  }
  try {
    ensureDirectory(dirname(path));
    return openSync(path, flags, 0o600);
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): LockError {
  return new LockError(`cannot lock ${path}: ${messageOf(error)}`, {
    cause: error,
    hint: 'choose another place with --runroot, or make this one writable',
  });
}

function checkOrder(path: string, options: LockOptions): void {
  for (let held = options.after; held !== undefined; held = held.options.after) {
    if (held.path === path) throw new LockError(`${options.what} is locked twice by one operation`);
    if (!mayFollow(held.options, options)) {
      throw new LockError(`lock order violated: ${options.what} after ${held.options.what}`);
    }
  }
}

function mayFollow(held: LockOptions, next: LockOptions): boolean {
  if (held.level === undefined || next.level === undefined) return true;
  const difference = LOCK_LEVELS.indexOf(next.level) - LOCK_LEVELS.indexOf(held.level);
  if (difference !== 0 || held.id === undefined || next.id === undefined) return difference >= 0;
  return next.id > held.id;
}

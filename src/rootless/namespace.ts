import { closeSync, readdirSync, readFileSync, readlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, TspodError } from '../base/errors.ts';
import { syscalls } from '../native/linux.ts';
import { isAlive, type ProcessIdentity } from '../native/process-identity.ts';

const SIGTERM = 15;
const STOP_LIMIT_MS = 10_000;

/** The user behind a tspod that the launcher put into a user namespace, where every process of ours is id 0. */
export interface RootlessIdentity {
  /** Ids outside the namespace. */
  uid: number;
  gid: number;
  runtimeDir: string;
  /** No subordinate ids: id 0 is all there is, and groups cannot be set. */
  singleId: boolean;
}

/** What the launcher passed on; undefined for root of the machine. */
export function rootlessIdentity(env: NodeJS.ProcessEnv = process.env): RootlessIdentity | undefined {
  const uid = env['_TSPOD_ROOTLESS_UID'];
  const gid = env['_TSPOD_ROOTLESS_GID'];
  const runtimeDir = env['_TSPOD_RUNTIME_DIR'];
  if (!uid || !gid || !runtimeDir) return undefined;
  return {
    uid: Number(uid),
    gid: Number(gid),
    runtimeDir,
    singleId: env['_TSPOD_ROOTLESS_MAPS'] === 'single',
  };
}

export function isRootless(): boolean {
  return rootlessIdentity() !== undefined;
}

/** The id by which the machine knows this user. */
export function hostUid(): number {
  return rootlessIdentity()?.uid ?? process.getuid?.() ?? 0;
}

export function hostGid(): number {
  return rootlessIdentity()?.gid ?? process.getgid?.() ?? 0;
}

/**
 * Ends the process that keeps the user namespace, so that the next command makes a new one with the ids of that time. A
 * container that still runs keeps the old namespace, and the next command joins it there: stop them all first. False when
 * there was none.
 */
export async function stopPauseProcess(): Promise<boolean> {
  const identity = rootlessIdentity();
  if (identity === undefined) return false;
  const file = join(identity.runtimeDir, 'pause.pid');
  const pause = readPauseFile(file);
  if (pause === undefined) return false;
  const stopped = await terminate(pause);
  unlinkSync(file);
  return stopped;
}

/** Whether no process but this one and the one that keeps it is in the user namespace. */
export function isAloneInNamespace(): boolean {
  const own = readlinkSync('/proc/self/ns/user');
  const known = new Set([process.pid, pauseProcess()]);
  return readdirSync('/proc').every((name) => {
    if (!/^\d+$/.test(name) || known.has(Number(name))) return true;
    try {
      // An ended process that nobody has taken note of is still listed, but has no program.
      readlinkSync(`/proc/${name}/exe`);
      return readlinkSync(`/proc/${name}/ns/user`) !== own;
    } catch {
      // It has ended, or is somebody else's.
      return true;
    }
  });
}

/** The process that keeps the user namespace; undefined for root, or when it has ended. */
export function pauseProcess(): number | undefined {
  const identity = rootlessIdentity();
  const pause = identity === undefined ? undefined : readPauseFile(join(identity.runtimeDir, 'pause.pid'));
  return pause !== undefined && isAlive(pause) ? pause.pid : undefined;
}

async function terminate(pause: ProcessIdentity): Promise<boolean> {
  const system = syscalls();
  let pidfd: number;
  try {
    pidfd = system.pidfdOpen(pause.pid);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    throw error;
  }
  try {
    // Asked after opening: from here on the descriptor means this process and no later one.
    if (!isAlive(pause)) return false;
    system.pidfdSendSignal(pidfd, SIGTERM);
    if (!(await system.pidfdWait(pidfd, STOP_LIMIT_MS))) {
      throw new TspodError(`pause process ${pause.pid} does not end`);
    }
    return true;
  } finally {
    closeSync(pidfd);
  }
}

function readPauseFile(file: string): ProcessIdentity | undefined {
  try {
    const match = /^(\d+) (\d+) /.exec(readFileSync(file, 'utf8'));
    return match?.[2] === undefined ? undefined : { pid: Number(match[1]), startTime: match[2] };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

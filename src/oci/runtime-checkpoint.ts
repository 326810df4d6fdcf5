import { UnsupportedError } from '../base/errors.ts';
import { runProgram } from '../base/run-program.ts';
import type { RuntimeRef } from './runtime-client.ts';

export interface RuntimeCheckpoint {
  /** Directory for CRIU's images; made when missing. */
  images: string;
  /** Directory for CRIU's log and statistics. */
  work: string;
  leaveRunning: boolean;
  tcpEstablished: boolean;
  fileLocks: boolean;
  /** Only memory is written; the container runs on. */
  preDump: boolean;
  /** Images of an earlier pre-dump, relative to `images`. */
  parent: string | undefined;
}

/** Memory of any size may have to go to a slow disk. */
const LIMIT_MS = 3_600_000;
const HELP_LIMIT_MS = 30_000;

/** Has the runtime write a container's processes to files. Resolves with what it wrote on stderr; undefined: it succeeded. */
export async function checkpointInRuntime(
  runtime: RuntimeRef,
  id: string,
  options: RuntimeCheckpoint,
): Promise<string | undefined> {
  const words = ['checkpoint', '--image-path', options.images, '--work-path', options.work];
  if (options.leaveRunning) words.push('--leave-running');
  if (options.tcpEstablished) words.push('--tcp-established');
  if (options.fileLocks) words.push('--file-locks');
  if (options.preDump) words.push('--pre-dump');
  if (options.parent !== undefined) words.push('--parent-path', options.parent);
  const { code, stderr } = await runProgram(runtime.path, [...runtime.args, ...words, id], {
    timeoutMs: LIMIT_MS,
    // Half way the container would stay frozen.
    ownSession: true,
  });
  return code === 0 ? undefined : stderr.trim() || `it ended with status ${code ?? 'none, killed'}`;
}

/** UnsupportedError when the runtime has no command `checkpoint`: crun is built without CRIU in some distributions. */
export async function requireCheckpoints(runtime: RuntimeRef): Promise<void> {
  if (runtime.sandboxed)
    throw new UnsupportedError(
      `configured runtime does not support checkpoint/restore: the processes of ${runtime.name} are not processes of this host, and CRIU cannot see them`,
    );
  if ((await helpOf(runtime, 'checkpoint')) !== undefined) return;
  throw new UnsupportedError(
    `configured runtime does not support checkpoint/restore: ${runtime.path} has no command checkpoint`,
    {
      hint: `${runtime.name === 'crun' ? 'this crun was built without CRIU; ' : ''}runc can: run the container with --runtime runc`,
    },
  );
}

/** UnsupportedError when the runtime's `restore` does not know an option. */
export async function requireRestoreOption(runtime: RuntimeRef, option: string): Promise<void> {
  if ((await helpOf(runtime, 'restore'))?.includes(option)) return;
  throw new UnsupportedError(`cannot use ${option}: ${runtime.name} restore does not know it`);
}

async function helpOf(runtime: RuntimeRef, command: string): Promise<string | undefined> {
  const { code, stdout } = await runProgram(runtime.path, [command, '--help'], { timeoutMs: HELP_LIMIT_MS });
  return code === 0 ? stdout : undefined;
}

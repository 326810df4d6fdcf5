import { readFileSync } from 'node:fs';
import { messageOf, UnsupportedError } from '../base/errors.ts';
import { runProgram } from '../base/run-program.ts';

/**
 * CRIU, which the OCI runtime calls to freeze processes to files and to thaw them. Versions are numbers as CRIU itself compares them:
 * 3.17.1 is 31701.
 */

/** podman's minimum. */
export const MIN_CRIU = 31_100;
/** Namespaces of a pod are restored from this one on. */
export const MIN_CRIU_FOR_PODS = 31_600;

const LIMIT_MS = 30_000;
const INSTALL = 'install it: the package is called criu in most distributions';

/** The version of the CRIU on PATH, where the runtime looks for it too. UnsupportedError when there is none, or one older than `minimum`. */
export async function requireCriu(minimum: number): Promise<number> {
  const answer = await callCriu(['--version']);
  const version = parseCriuVersion(answer.stdout);
  if (version === undefined)
    throw new UnsupportedError(
      `checkpoint/restore needs CRIU: criu --version failed: ${firstLine(answer.stderr) || 'it names no version'}`,
    );
  if (version < minimum)
    throw new UnsupportedError(
      `checkpoint/restore requires at least CRIU ${minimum}, current version is ${version}`,
    );
  return version;
}

/** As `criu --version` prints it: `Version: 3.17.1`; undefined when the text names none. */
export function parseCriuVersion(text: string): number | undefined {
  const found = /^Version: (\d+)\.(\d+)(?:\.(\d+))?/m.exec(text);
  if (found === null) return undefined;
  const [, major = '0', minor = '0', patch = '0'] = found;
  return Number(major) * 10_000 + Number(minor) * 100 + Number(patch);
}

/** Whether the kernel tells CRIU which pages have changed, without which there are no pre-checkpoints. */
export async function tracksMemory(): Promise<boolean> {
  return (await callCriu(['check', '--feature', 'mem_dirty_track'])).code === 0;
}

/** What CRIU finds missing on this kernel; undefined when it finds nothing. */
export async function findKernelObstacle(): Promise<string | undefined> {
  const { code, stderr, stdout } = await callCriu(['check']);
  return code === 0 ? undefined : criuReason(`${stdout}\n${stderr}`) || 'criu check failed';
}

/** The cause in a log of CRIU's: its first error, those after it are consequences. '' when there is none. */
export function criuReason(text: string): string {
  for (const [, place = '', words = ''] of text.matchAll(ERROR))
    if (!HARMLESS.test(words)) return `${words.trim()} (${place})`;
  return '';
}

const ERROR = /^(?:\([\d.]+\))?\s*(?:pie: )?(?:\d+: )?Error \(([^)]*)\): (.+)$/gm;
/** It goes on with as many open files as it may have. */
const HARMLESS = /^rlimit: Can't setup RLIMIT_NOFILE for self/;

export function readCriuReason(logFile: string): string {
  try {
    return criuReason(readFileSync(logFile, 'utf8'));
  } catch {
    return '';
  }
}

async function callCriu(args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  try {
    return await runProgram('criu', args, { timeoutMs: LIMIT_MS });
  } catch (error) {
    throw new UnsupportedError(`checkpoint/restore needs CRIU: cannot run criu: ${messageOf(error)}`, {
      hint: INSTALL,
      cause: error,
    });
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

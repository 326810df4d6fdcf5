import { spawn } from 'node:child_process';
import { signalNumber } from '../base/signals.ts';

/**
 * Runs a program on the streams of this process and returns its exit code, 128 and the number of a signal that ended it. Signals of
 * the terminal reach it directly, others are handed on: it decides when to end.
 */
export async function runAttached(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  const ignore = (): void => undefined;
  process.on('SIGTERM', forward).on('SIGHUP', forward).on('SIGINT', ignore).on('SIGQUIT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : signalNumber(signal))),
      );
    });
  } finally {
    process.off('SIGTERM', forward).off('SIGHUP', forward).off('SIGINT', ignore).off('SIGQUIT', ignore);
  }
}

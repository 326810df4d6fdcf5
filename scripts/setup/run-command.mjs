import { spawnSync } from 'node:child_process';
import { SetupError } from './tell.mjs';

/** Runs a program whose output, if any, goes to stderr. Throws when it fails. */
export function runCommand(program, args, options = {}) {
  if (!tryCommand(program, args, options)) {
    throw new SetupError(`${[program, ...args].join(' ')} failed`);
  }
}

/** The same, but says by false that it failed. */
export function tryCommand(program, args, { env = {}, cwd, timeout } = {}) {
  const result = spawnSync(program, args, {
    cwd,
    timeout,
    env: { ...process.env, ...env },
    stdio: ['ignore', process.stderr, process.stderr],
  });
  return result.status === 0;
}

/** Runs a program silently. */
export function readCommand(program, args, { env = {}, timeout, input } = {}) {
  const result = spawnSync(program, args, {
    timeout,
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env },
  });
  return {
    ok: result.status === 0,
    code: result.status,
    stdout: result.stdout ?? '',
    stderr: result.stderr ?? '',
  };
}

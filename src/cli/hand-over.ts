import { ownProgram } from '../engine/own-program.ts';

/** The launcher takes it away again; with it, it becomes Node whatever the command is. */
const WHOLE = '_TSPOD_WHOLE';

/** Whether this is the quick program: the same modules without what long commands need, under Bun. */
export function isQuickProgram(): boolean {
  return process.versions['bun'] !== undefined;
}

/**
 * Becomes the whole program with the same command line: for what the quick one does not do. Nothing may have been read from stdin
 * or written by then. Throws when the launcher cannot be run.
 */
export function becomeWholeProgram(): never {
  const name = process.env['TSPOD_ARGV0'] ?? 'tspod';
  return execute(ownProgram(), [name, ...process.argv.slice(2)], { ...process.env, [WHOLE]: '1' });
}

function execute(path: string, words: readonly string[], environment: NodeJS.ProcessEnv): never {
  if (process.execve === undefined) throw new Error('this system has no execve');
  return process.execve(path, words, environment);
}

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CommandNotFoundError, CommandNotInvokableError, errnoOf, UnsupportedError } from '../base/errors.ts';
import { networkContext } from '../libpod/network-context.ts';
import { visitRoom } from '../network/visit-room.ts';
import { rootlessIdentity } from '../rootless/namespace.ts';
import { originalEnvironment } from '../rootless/original-environment.ts';
import type { Engine } from './engine.ts';
import { runAttached } from './run-attached.ts';
import { mountNamespace, UNSHARED } from './user-mounts.ts';

/**
 * Runs a command of the user's in the user and mount namespace of containers, where this process has been from its beginning, by
 * becoming it: no process of ours is left between it and the caller. Only the network of rootless bridges has to be closed behind it.
 */
export async function unshare(
  engine: Engine,
  command: readonly string[],
  options: { rootlessNetns: boolean },
): Promise<number> {
  if (rootlessIdentity() === undefined)
    throw new UnsupportedError('unshare is for users without root', {
      hint: 'root of the machine needs no user namespace to reach the files of containers',
    });
  const { graphRoot, runRoot } = engine.paths;
  const network = networkContext(engine, 'unshare');
  engine.close();
  const words = command.length > 0 ? command : [process.env['SHELL'] || '/bin/sh'];
  const env: NodeJS.ProcessEnv = {
    ...originalEnvironment(),
    ...launcherWords(),
    CONTAINERS_GRAPHROOT: graphRoot,
    CONTAINERS_RUNROOT: runRoot,
    [UNSHARED]: mountNamespace('self'),
  };
  const program = findProgram(words[0] ?? '', env['PATH'] ?? '');
  if (options.rootlessNetns) {
    return visitRoom(network, ({ enter: [nsenter = '', ...where] }) =>
      runAttached(nsenter, [...where, program, ...words.slice(1)], env),
    );
  }
  // Only later versions of its types know that it does not return.
  process.execve?.(program, words, definedOf(env));
  throw new UnsupportedError('this Node.js cannot replace itself by another program', {
    hint: 'use the one that comes with tspod',
  });
}

/** A tspod that is started inside goes on directly, instead of looking for a namespace. */
function launcherWords(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^_TSPOD_(ROOTLESS_|RUNTIME_DIR)/.test(name)),
  );
}

function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** As a shell looks for it. */
function findProgram(name: string, path: string): string {
  const candidates = name.includes('/')
    ? [name]
    : path.split(delimiter).map((directory) => join(directory || '.', name));
  let found: string | undefined;
  for (const candidate of candidates) {
    try {
      if (!statSync(candidate).isFile()) continue;
      found ??= candidate;
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'ENOTDIR') throw error;
    }
  }
  if (found !== undefined) throw new CommandNotInvokableError(`cannot run ${found}: permission denied`);
  throw new CommandNotFoundError(`cannot run ${name}: not found`);
}

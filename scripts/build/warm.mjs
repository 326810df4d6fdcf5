import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PREPARATION, PROFILES } from './profiles.mjs';
import { inTinyStore } from './tiny-store.mjs';

/**
 * Keeps the bytecode of what commands run beside the files of the bundle: of each profile what its command lines run on a tiny image, a
 * process for each (V8 throws bytecode away that it has not seen in use for a while). The launcher starts Node with the flags that
 * bytecode depends on; those of the service are others.
 */
export async function keepBytecode(root, dist) {
  const program = join(root, 'bin/tspod');
  removeBytecode(dist, /bytecode$/);
  for (const flags of [[], ['system', 'service']]) runAllModules(program, flags);
  // What is in the packages stays; of our own modules only what the profiles run is to be kept.
  removeBytecode(dist, /^chunk-modules_.*bytecode$/);
  await inTinyStore(root, async ({ directory, run }) => {
    for (const line of PREPARATION) await run(line);
    const before = ['__warm', 'command'];
    // Where containers do not run, less is kept.
    for (const line of Object.values(PROFILES).flat()) await run(line, { before });
    const socket = join(directory, 'api.sock');
    const service = run(['system', 'service', '--time', '1', `unix://${socket}`], { before });
    await Promise.all([service, askService(socket)]);
  });
}

function removeBytecode(dist, pattern) {
  for (const name of readdirSync(dist)) if (pattern.test(name)) rmSync(join(dist, name));
}

/** Throws when one of them does not load. */
function runAllModules(program, flags) {
  const result = spawnSync(program, ['__warm', 'modules', ...flags], { encoding: 'utf8' });
  process.stderr.write(result.stderr ?? '');
  if (result.status === 0) return;
  const reason = result.error?.message ?? `status ${result.status}`;
  throw new Error(`the built program does not load: ${reason}`);
}

/** What a docker client asks for. A service that does not come up is for the tests to tell. */
async function askService(socketPath) {
  for (let attempt = 0; attempt < 500 && !existsSync(socketPath); attempt++) await setTimeout(10);
  const image = JSON.stringify({ Image: 'localhost/warm', Cmd: ['/program', '--version'] });
  for (const [method, path, body] of [
    ['HEAD', '/_ping'],
    ['GET', '/version'],
    ['POST', '/containers/create?name=api', image],
    ['POST', '/containers/api/start'],
    ['GET', '/containers/json?all=1'],
    ['GET', '/containers/api/json'],
    ['GET', '/images/json'],
    ['DELETE', '/containers/api?force=1'],
  ])
    await ask({ socketPath, method, path, headers: { 'Content-Type': 'application/json' } }, body);
}

/** Resolves when the answer has been read, or when there is none. */
function ask(options, body) {
  return new Promise((resolve) => {
    const sent = request(options, (response) => response.on('close', resolve).resume());
    sent.on('error', resolve).end(body);
  });
}

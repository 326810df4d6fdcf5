import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { measurePair, runQuietly, timeParallel } from './measure.mjs';

const CONTAINERS = 100;
const REQUESTS = 50;
const AT_ONCE = 4;
const TRIES = 200;

/** What a client of the service waits for: the list of a hundred containers, asked for again and again on open connections. */
export async function apiCase({ pair }, { rounds, quick }) {
  const create = ['create', '--network', 'none', 'localhost/busybox', 'true'];
  const services = new Map();
  try {
    for (const engine of pair) {
      for (let made = 0; made < CONTAINERS; made += 2) await timeParallel(engine, create, 2);
      services.set(engine, await startService(engine));
    }
    const memory = Object.fromEntries(
      pair.map((engine) => [engine.name, residentMemory(services.get(engine))]),
    );
    const once = (engine) => timePerRequest(services.get(engine).socketPath);
    const times = await measurePair({ pair, rounds: rounds || (quick ? 3 : 9), once });
    return [
      { what: `\`GET /containers/json\`, ${CONTAINERS} containers`, ...times, unit: 'ms', budget: 0.33 },
      { what: 'idle `system service`, memory', ...memory, unit: 'KiB' },
    ];
  } finally {
    for (const { child } of services.values()) child.kill();
    for (const engine of pair) runQuietly(engine, ['rm', '--force', '--all']);
  }
}

async function startService(engine) {
  const socketPath = join(engine.base, 'api.sock');
  const [program, ...args] = engine.command(['system', 'service', '--time', '0', `unix://${socketPath}`]);
  const child = spawn(program, args, { env: engine.env, stdio: 'ignore' });
  for (let tried = 0; tried < TRIES; tried++) {
    const answers = await get(socketPath, '/_ping').then(
      () => true,
      () => false,
    );
    if (answers) return { child, socketPath };
    await delay(50);
  }
  child.kill();
  throw new Error(`the service of ${engine.name} does not answer`);
}

async function timePerRequest(socketPath) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const start = performance.now();
  const clients = Array.from({ length: AT_ONCE }, async () => {
    for (let sent = 0; sent < REQUESTS / AT_ONCE; sent++)
      await get(socketPath, '/v1.41/containers/json?all=true', agent);
  });
  await Promise.all(clients);
  agent.destroy();
  return (performance.now() - start) / REQUESTS;
}

function get(socketPath, path, agent) {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, agent, headers: { Host: 'd' } }, (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode}`)),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** KiB. */
function residentMemory({ child }) {
  const text = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1]);
}

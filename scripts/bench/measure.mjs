import { spawn, spawnSync } from 'node:child_process';

const LIMIT_MS = 600_000;

/** Runs a command of an engine; throws with what it printed when it fails. Returns its output. */
export function runQuietly(engine, args) {
  const [program, ...rest] = engine.command(args);
  const result = spawnSync(program, rest, {
    env: engine.env,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.status !== 0)
    throw new Error(`${engine.name} ${args.join(' ')}: ${result.error ?? result.stderr.trim()}`);
  return result.stdout.trim();
}

/** Milliseconds from start to end of a command. */
export function timeCommand(engine, args) {
  const [program, ...rest] = engine.command(args);
  const started = performance.now();
  // Without pipes to read, our own share of the time is smallest.
  const result = spawnSync(program, rest, { env: engine.env, stdio: 'ignore', timeout: LIMIT_MS });
  const elapsed = performance.now() - started;
  if (result.status !== 0) runQuietly(engine, args);
  return elapsed;
}

/**
 * Measures both engines alternately, so that whatever else the machine does hits both; medians of the rounds. `once(engine)`
 * returns one figure; `before(engine)` is not measured. The first round warms up and does not count.
 */
export async function measurePair({ pair, rounds, once, before = () => {}, warmUp = true }) {
  const figures = new Map(pair.map(({ name }) => [name, []]));
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    // The order changes too: the first of a pair may find colder caches.
    const order = round % 2 === 0 ? pair : pair.toReversed();
    for (const engine of order) {
      await before(engine);
      const figure = await once(engine);
      if (round >= 0) figures.get(engine.name).push(figure);
    }
  }
  return Object.fromEntries([...figures].map(([name, values]) => [name, median(values)]));
}

/** Milliseconds until the last of `count` commands, started at once, has ended. */
export async function timeParallel(engine, args, count) {
  const started = performance.now();
  await Promise.all(
    Array.from({ length: count }, () => {
      const [program, ...rest] = engine.command(args);
      return new Promise((resolve, reject) => {
        const child = spawn(program, rest, { env: engine.env, stdio: ['ignore', 'ignore', 'pipe'] });
        let stderr = '';
        child.stderr.on('data', (chunk) => {
          stderr += chunk;
        });
        child.on('error', reject);
        child.on('close', (code) =>
          code === 0 ? resolve() : reject(new Error(`${engine.name}: ${stderr.trim()}`)),
        );
      });
    }),
  );
  return performance.now() - started;
}

const PEAK = `
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
`;

/** KiB: the largest resident size that any process of the command reached. */
export function peakMemory(engine, args) {
  const result = spawnSync('python3', ['-c', PEAK, ...engine.command(args)], {
    env: engine.env,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (result.status !== 0) throw new Error(`${engine.name} ${args.join(' ')}: ${result.stderr.trim()}`);
  return Number(result.stdout);
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

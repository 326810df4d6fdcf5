import { measurePair, runQuietly, timeCommand, timeParallel } from './measure.mjs';

const IMAGE = 'localhost/busybox';
const MANY = 100;
const STOPPED = 20;

export const names = (stem, count) => Array.from({ length: count }, (_, index) => `${stem}-${index}`);

/** One that exists and does not run. */
export async function startCase({ pair }, { rounds, quick }) {
  for (const engine of pair) await createContainers(engine, ['starter-0']);
  const times = await measurePair({
    pair,
    rounds: rounds || (quick ? 3 : 21),
    before: (engine) => runQuietly(engine, ['stop', '--time', '0', 'starter-0']),
    once: (engine) => timeCommand(engine, ['start', 'starter-0']),
  });
  for (const engine of pair) runQuietly(engine, ['rm', '--force', '--time', '0', 'starter-0']);
  return [{ what: '`start` of a created container', ...times, unit: 'ms', budget: 0.5 }];
}

/** Commands on many running containers. With `quick` a tenth of them, to see that it works. */
export async function manyCases({ pair }, { rounds, quick }) {
  const running = names('many', quick ? MANY / 10 : MANY);
  const stopped = running.slice(0, quick ? STOPPED / 10 : STOPPED);
  for (const engine of pair) {
    await createContainers(engine, running);
    runQuietly(engine, ['start', ...running]);
  }
  const measure = (args, before) =>
    measurePair({
      pair,
      rounds: rounds || (quick ? 1 : 7),
      once: (engine) => timeCommand(engine, args),
      ...(before && { before }),
    });
  const inspect = await measure(['inspect', ...running]);
  const stats = await measure(['stats', '--no-stream', ...running]);
  const stop = await measure(['stop', '--time', '0', ...stopped], (engine) =>
    runQuietly(engine, ['start', ...stopped]),
  );
  const remove = await measure(['rm', '--force', '--time', '0', ...running], async (engine) => {
    runQuietly(engine, ['rm', '--all', '--force', '--time', '0']);
    await createContainers(engine, running);
    runQuietly(engine, ['start', ...running]);
  });
  return [
    { what: `\`inspect\` of ${running.length}`, ...inspect, unit: 'ms', budget: 0.5 },
    { what: `\`stats --no-stream\` of ${running.length}`, ...stats, unit: 'ms', budget: 0.4 },
    { what: `\`stop --time 0\` of ${stopped.length}`, ...stop, unit: 'ms', budget: 0.4 },
    { what: `\`rm --force\` of ${running.length} that run`, ...remove, unit: 'ms', budget: 0.4 },
  ];
}

/** With nothing to do, and no network. */
export async function createContainers(engine, containers, options = []) {
  for (const name of containers) {
    const args = ['create', '--name', name, '--network', 'none', ...options, IMAGE, 'sleep', '100000'];
    await timeParallel(engine, args, 1);
  }
}

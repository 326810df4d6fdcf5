import { measurePair, peakMemory, runQuietly, timeCommand, timeParallel } from './measure.mjs';

const IMAGE = 'localhost/busybox';
const MANY = 1_000;
const AT_ONCE = 20;

const shortRounds = ({ rounds, quick }) => rounds || (quick ? 5 : 21);

export async function startUpCase({ pair }, options) {
  const args = ['--version'];
  const times = await measurePair({
    pair,
    rounds: shortRounds(options),
    once: (engine) => timeCommand(engine, args),
  });
  return [{ what: 'start-up (`--version`)', ...times, unit: 'ms' }];
}

export async function runCases({ pair }, options) {
  const rounds = shortRounds(options);
  const plain = ['run', '--rm', '--network', 'none', IMAGE, 'true'];
  const bridged = ['run', '--rm', '--network', 'bridge', IMAGE, 'true'];
  const measure = (args) => measurePair({ pair, rounds, once: (engine) => timeCommand(engine, args) });
  const peak = await measurePair({ pair, rounds: 3, once: (engine) => peakMemory(engine, plain) });
  return [
    { what: '`run --rm --network none`', ...(await measure(plain)), unit: 'ms', budget: 0.55 },
    { what: '`run --rm`, bridge network', ...(await measure(bridged)), unit: 'ms', budget: 0.5 },
    { what: '`run --rm`, peak memory', ...peak, unit: 'KiB' },
  ];
}

export async function execCase({ pair }, options) {
  for (const engine of pair)
    runQuietly(engine, ['run', '-d', '--name', 'exec-target', '--network', 'none', IMAGE, 'sleep', '100000']);
  const once = (engine) => timeCommand(engine, ['exec', 'exec-target', 'true']);
  const times = await measurePair({ pair, rounds: shortRounds(options), once });
  for (const engine of pair) runQuietly(engine, ['rm', '--force', '--time', '0', 'exec-target']);
  return [{ what: '`exec`', ...times, unit: 'ms', budget: 0.45 }];
}

export async function parallelCase({ pair }, options) {
  const once = (engine) => timeParallel(engine, ['run', '--rm', '--network', 'none', IMAGE, 'true'], AT_ONCE);
  const times = await measurePair({ pair, rounds: options.rounds || (options.quick ? 2 : 7), once });
  return [{ what: `${AT_ONCE} × \`run --rm\` at once`, ...times, unit: 'ms', budget: 0.5 }];
}

export async function psCase({ pair }, options) {
  const rounds = shortRounds(options);
  const measure = () => measurePair({ pair, rounds, once: (engine) => timeCommand(engine, ['ps', '--all']) });
  const empty = await measure();
  const many = options.quick ? MANY / 10 : MANY;
  for (const engine of pair) await createMany(engine, many);
  const full = await measure();
  return [
    { what: '`ps -a`, no container', ...empty, unit: 'ms' },
    { what: `\`ps -a\`, ${many} containers`, ...full, unit: 'ms', budget: 0.4 },
  ];
}

async function createMany(engine, count) {
  const create = ['create', '--network', 'none', IMAGE, 'true'];
  for (let made = 0; made < count; made += 2) await timeParallel(engine, create, Math.min(2, count - made));
}

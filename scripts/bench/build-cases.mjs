import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measurePair, timeCommand } from './measure.mjs';

const STEPS = 20;

/** A Containerfile of 20 instructions, a third each of RUN, COPY and configuration: all of it from the cache, and none. */
export async function buildCase({ pair, directory }, options) {
  const context = makeContext(join(directory, 'build-context'));
  const build = ['build', '--quiet', '--layers', '--network', 'none', '--tag', 'localhost/bench-build'];
  const measure = (args, rounds) =>
    measurePair({ pair, rounds, once: (engine) => timeCommand(engine, [...build, ...args, context]) });
  const cold = await measure(['--no-cache'], options.rounds || (options.quick ? 1 : 5));
  const cached = await measure([], options.rounds || (options.quick ? 3 : 15));
  return [
    { what: `\`build\`, ${STEPS} steps, cached`, ...cached, unit: 'ms', budget: 0.4 },
    { what: `\`build --no-cache\`, ${STEPS} steps`, ...cold, unit: 'ms' },
  ];
}

function makeContext(context) {
  mkdirSync(join(context, 'tree'), { recursive: true });
  for (let i = 0; i < 200; i++) writeFileSync(join(context, 'tree', `file-${i}`), `${i}\n`.repeat(500));
  const lines = ['FROM localhost/busybox:latest'];
  for (let step = 1; step < STEPS; step++) {
    const kind = step % 3;
    if (kind === 0) lines.push(`RUN echo ${step} > /run-${step}`);
    else if (kind === 1) lines.push(`COPY tree /copy-${step}`);
    else lines.push(`ENV STEP_${step}=${step}`);
  }
  writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
  return context;
}

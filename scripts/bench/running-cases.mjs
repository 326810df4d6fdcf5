import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { measurePair, runQuietly, timeCommand } from './measure.mjs';
import { createContainers, names } from './many-cases.mjs';

const IMAGE = 'localhost/busybox';
const CONTAINERS = 100;
const GIB = 1024;

/** What the live table costs while somebody looks at it. */
export async function statsStreamCase({ pair }, { quick }) {
  const running = names('watched', quick ? CONTAINERS / 10 : CONTAINERS);
  const seconds = quick ? 6 : 20;
  const shares = {};
  for (const engine of pair) {
    await createContainers(engine, running);
    runQuietly(engine, ['start', ...running]);
    const [program, ...args] = engine.command(['stats', '--no-reset']);
    const child = spawn(program, args, { env: engine.env, stdio: 'ignore' });
    // Its start is not what this is about.
    await delay(2000);
    const before = cpuSeconds(child.pid);
    await delay(seconds * 1000);
    shares[engine.name] = ((cpuSeconds(child.pid) - before) / seconds) * 100;
    child.kill();
    runQuietly(engine, ['rm', '--force', '--time', '0', ...running]);
  }
  return [{ what: `\`stats\` of ${running.length}, CPU`, ...shares, unit: '%', limit: 10 }];
}

/** 100 checks a second: what the monitors themselves use, and how they grow. The runtime's own work comes on top. */
export async function healthCase({ pair }, { quick }) {
  const engine = pair.find(({ name }) => name === 'tspod');
  const checked = names('checked', quick ? CONTAINERS / 10 : CONTAINERS);
  const seconds = quick ? 6 : 30;
  const check = ['--health-cmd', 'true', '--health-interval', '1s', '--health-retries', '3'];
  await createContainers(engine, checked, check);
  runQuietly(engine, ['start', ...checked]);
  await delay(3000);
  const monitors = processesOf(engine.monitor);
  const health = runQuietly(engine, ['inspect', '--format', '{{.State.Health.Status}}', checked[0]]);
  if (health !== 'healthy') throw new Error(`a container that is checked is ${health}`);
  const before = monitors.map((pid) => ({ cpu: cpuSeconds(pid), memory: ownKib(pid) }));
  await delay(seconds * 1000);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const share = (sum(monitors.map((pid, at) => cpuSeconds(pid) - before[at].cpu)) / seconds) * 100;
  const growth = Math.max(...monitors.map((pid, at) => ownKib(pid) - before[at].memory));
  runQuietly(engine, ['rm', '--force', '--time', '0', ...checked]);
  const what = `health checks, ${checked.length} a second`;
  return [
    { what: `${what}: CPU of the monitors`, tspod: share, unit: '%', limit: 15 },
    { what: `${what}: growth of a monitor`, tspod: growth, unit: 'KiB', limit: 64 },
  ];
}

/** Lines of a program that writes as fast as it can. */
export async function logCases({ pair }, { rounds, quick }) {
  const bytes = (quick ? GIB / 16 : GIB) * 2 ** 20;
  const size = quick ? '64 MB' : '1 GB';
  const write = `yes 'a line of a program that has much to say, as most of them have at times' | head -c ${bytes}`;
  const log = ['--network', 'none', '--log-driver', 'k8s-file'];
  /** From the start of the container to the end of a command that waits for its end. */
  const timed = (engine, command) => {
    const started = performance.now();
    start(engine, 'writer');
    timeCommand(engine, command);
    return performance.now() - started;
  };
  const start = (engine, name) =>
    runQuietly(engine, ['run', '-d', '--name', name, ...log, IMAGE, 'sh', '-c', write]);
  const remove = (engine, name) => runQuietly(engine, ['rm', '--force', '--time', '0', '--ignore', name]);
  const repeat = { pair, rounds: rounds || (quick ? 1 : 3), warmUp: false };
  const written = await measurePair({
    ...repeat,
    before: (engine) => remove(engine, 'writer'),
    once: (engine) => timed(engine, ['wait', 'writer']),
  });
  const tail = await measurePair({
    pair,
    rounds: rounds || (quick ? 3 : 11),
    once: (engine) => timeCommand(engine, ['logs', '--tail', '10', 'writer']),
  });
  const followed = await measurePair({
    ...repeat,
    before: (engine) => remove(engine, 'writer'),
    once: (engine) => timed(engine, ['logs', '--follow', 'writer']),
  });
  for (const engine of pair) remove(engine, 'writer');
  return [
    { what: `${size} of output into the log`, ...written, unit: 'ms', budget: 1 },
    { what: `the same with \`logs --follow\``, ...followed, unit: 'ms', budget: 1 },
    { what: `\`logs --tail 10\` of ${size}`, ...tail, unit: 'ms', limit: 50 },
  ];
}

function processesOf(program) {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0].endsWith(program);
    } catch {
      return false;
    }
  });
}

/** Of all threads of the process, without other processes that it started. */
function cpuSeconds(pid) {
  return readdirSync(`/proc/${pid}/task`)
    .map(
      (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e9,
    )
    .reduce((total, seconds) => total + seconds, 0);
}

/** Pages of the program's own file come and go as it uses them. */
function ownKib(pid) {
  return Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
}

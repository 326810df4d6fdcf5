import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Container, makeFakeContainer } from '../fixtures/monitor/container.ts';
import { startMonitor, until } from '../fixtures/monitor/monitor.ts';

interface Health {
  Status: string;
  FailingStreak: number;
  Log: { Start: string; End: string; ExitCode: number; Output: string }[];
}

/** Runs a container with a check, both scripts on the host, until `body` is done. */
async function withHealth(
  check: string,
  flags: readonly string[],
  body: (container: Container) => Promise<void>,
): Promise<void> {
  using container = makeFakeContainer('sleep 60 & trap "kill %1" TERM; wait');
  const spec = join(container.directory, 'check');
  const teller = join(container.directory, 'tell');
  writeFileSync(spec, `cd ${container.directory}\n${check}\n`);
  writeFileSync(teller, `#!/bin/sh\nshift\necho "$*" >>${container.directory}/told\n`, { mode: 0o755 });
  const monitor = startMonitor({
    args: [
      ...container.args,
      ...['--run', '--health-spec', spec, '--health-log', logOf(container), '--health-interval', '10'],
      ...['--exit-command', teller, '--health-command-arg', 'health', ...flags],
    ],
    pipes: ['SYNC'],
  });
  const { data } = JSON.parse((await monitor.line('SYNC')) ?? '{}') as { data: number };
  assert.ok(data > 0);
  try {
    await body(container);
  } finally {
    process.kill(data, 'SIGTERM');
    await container.exitCode();
  }
}

const logOf = ({ directory }: Container): string => join(directory, 'health.json');
const read = (container: Container): Health => JSON.parse(readFileSync(logOf(container), 'utf8')) as Health;
const told = ({ directory }: Container): string =>
  existsSync(join(directory, 'told')) ? readFileSync(join(directory, 'told'), 'utf8') : '';
const untilStatus = (container: Container, status: string): Promise<void> =>
  until(() => existsSync(logOf(container)) && read(container).Status === status, `the status ${status}`);

test('a check that succeeds makes it healthy, and that is told once', async () => {
  await withHealth('echo fine; echo bad >&2', ['--health-log-count', '3'], async (container) => {
    await untilStatus(container, 'healthy');
    await until(() => read(container).Log.length === 3, 'three checks');
    const { FailingStreak, Log } = read(container);
    assert.equal(FailingStreak, 0);
    assert.equal(Log[0]?.Output, 'fine\nbad\n');
    assert.equal(Log[0].ExitCode, 0);
    assert.ok(Date.parse(Log[0].End) >= Date.parse(Log[0].Start));
    const last = Log[2]?.Start ?? '';
    await until(() => (read(container).Log[0]?.Start ?? '') > last, 'older checks to go');
    assert.equal(read(container).Log.length, 3);
    await until(() => told(container) !== '', 'the change to be told');
    assert.equal(told(container), 'healthy\n');
  });
});

test('failures make it unhealthy only when there are enough of them in a row, and one success makes it well', async () => {
  const check = 'test -e good && exit 0; echo x >>count; exit 3';
  await withHealth(check, ['--health-retries', '3'], async (container) => {
    await untilStatus(container, 'unhealthy');
    const { Log } = read(container);
    assert.ok(Log.length >= 3 && Log.every((entry) => entry.ExitCode === 3));
    writeFileSync(join(container.directory, 'good'), '');
    await untilStatus(container, 'healthy');
    assert.equal(read(container).FailingStreak, 0);
    await until(() => told(container) === 'unhealthy\nhealthy\n', 'both changes to be told');
  });
});

test('failures in the start period do not count', async () => {
  const flags = ['--health-retries', '1', '--health-start-period', '1000000', '--health-start-interval', '5'];
  await withHealth('test -e good', flags, async (container) => {
    await until(() => existsSync(logOf(container)) && read(container).Log.length >= 3, 'three checks');
    assert.equal(read(container).Status, 'starting');
    assert.equal(read(container).FailingStreak, 0);
    writeFileSync(join(container.directory, 'good'), '');
    await untilStatus(container, 'healthy');
  });
});

test('a check that takes too long is killed with all that it started in its session', async () => {
  const check = 'echo $$ >pid; echo begun; sleep 1000';
  await withHealth(check, ['--health-timeout', '200', '--health-retries', '1'], async (container) => {
    await untilStatus(container, 'unhealthy');
    const [entry] = read(container).Log;
    assert.equal(entry?.ExitCode, -1);
    assert.match(entry?.Output ?? '', /exceeded timeout \(0\.2s\)/);
    const pid = readFileSync(join(container.directory, 'pid'), 'utf8').trim();
    assert.match(pid, /^\d+$/);
    assert.equal(existsSync(`/proc/${pid}`), false);
  });
});

test('output is kept up to its limit, whatever bytes it has', async () => {
  const check = String.raw`printf 'a"\\\001\377\303'; head -c 100000 /dev/zero | tr '\0' z`;
  await withHealth(check, ['--health-log-size', '10', '--health-log-count', '1'], async (container) => {
    await untilStatus(container, 'healthy');
    assert.equal(read(container).Log[0]?.Output, 'a"\\\u0001\ufffd\ufffdzzzz');
  });
});

test('the start-up check has to succeed before the other begins', async () => {
  using files = makeFakeContainer('');
  const startup = join(files.directory, 'startup');
  writeFileSync(startup, `cd ${files.directory}\necho x >>count; test -e good\n`);
  const flags = ['--health-startup-spec', startup, '--health-startup-interval', '5'];
  flags.push('--health-startup-retries', '2', '--health-startup-success', '2');
  await withHealth('echo main', flags, async (container) => {
    await until(() => told(container).includes('startup-failed'), 'the failure to be told');
    assert.equal(read(container).Status, 'starting');
    writeFileSync(join(files.directory, 'good'), '');
    await untilStatus(container, 'healthy');
    assert.equal(read(container).Log.at(-1)?.Output, 'main\n');
  });
});

test('a paused container is not checked, and a check can be asked for', async () => {
  await withHealth('echo x >>count', ['--health-interval', '0'], async (container) => {
    await until(() => existsSync(logOf(container)), 'the log');
    const count = (): string =>
      existsSync(join(container.directory, 'count'))
        ? readFileSync(join(container.directory, 'count'), 'utf8')
        : '';
    const ctl = join(container.bundle, 'ctl');
    writeFileSync(ctl, '4 0 0\n');
    await untilStatus(container, 'healthy');
    assert.equal(count(), 'x\n');
    writeFileSync(join(container.bundle, 'paused'), '');
    writeFileSync(ctl, '4 0 0\n');
    writeFileSync(ctl, '2 0 0\n');
    assert.equal(read(container).Log.length, 1);
    assert.equal(count(), 'x\n');
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findRuntime, missingForContainers } from '../fixtures/monitor/bundle.ts';
import { logEntries, makeContainer, makeFakeContainer } from '../fixtures/monitor/container.ts';
import { fileContent, isAlive, startMonitor, until } from '../fixtures/monitor/monitor.ts';

const skip = missingForContainers();
const runtime = findRuntime() ?? '';

test('a container is created, started, logged, and its exit code kept', { skip }, async () => {
  using container = makeContainer({ args: ['sh', '-c', 'echo out; echo err >&2; printf rest; exit 7'] });
  const monitor = startMonitor({ args: container.args, pipes: ['SYNC'] });
  const { data } = JSON.parse((await monitor.line('SYNC')) ?? '');
  assert.equal(String(data), readFileSync(join(container.directory, 'pid'), 'utf8'));
  assert.equal(await monitor.exited, 0);
  const monitorPid = Number(await fileContent(join(container.directory, 'monitor-pid')));
  assert.ok(isAlive(monitorPid));
  assert.notEqual(monitorPid, monitor.process.pid);

  execFileSync(runtime, ['start', container.id]);
  assert.equal(await container.exitCode(), '7');
  await until(() => !isAlive(monitorPid), 'the end of the monitor');
  assert.deepEqual(logEntries(container).sort(), ['stderr F err', 'stdout F out', 'stdout P rest']);
  assert.match(
    readFileSync(container.log, 'utf8'),
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d std/,
  );
});

test('--run starts the container without a separate start', { skip }, async () => {
  using container = makeContainer({ args: ['sh', '-c', 'echo ran; exit 3'] });
  const monitor = startMonitor({ args: [...container.args, '--run'], pipes: ['SYNC'] });
  assert.ok(JSON.parse((await monitor.line('SYNC')) ?? '').data > 0);
  assert.equal(await container.exitCode(), '3');
  assert.deepEqual(logEntries(container), ['stdout F ran']);
});

test('a container killed by a signal has 128 plus the signal as its exit code', { skip }, async () => {
  using container = makeContainer({ args: ['sleep', '1000'] });
  const monitor = startMonitor({ args: [...container.args, '--run'], pipes: ['SYNC'] });
  process.kill(JSON.parse((await monitor.line('SYNC')) ?? '').data, 'SIGKILL');
  assert.equal(await container.exitCode(), '137');
});

test('a create that fails is reported with the words of the runtime, and the exit command runs', {
  skip,
}, async () => {
  using container = makeContainer({ args: ['no-such-program'] });
  const mark = join(container.directory, 'mark');
  const args = [...container.args, '--exit-command', '/bin/sh', '--exit-command-arg', '-c'];
  const monitor = startMonitor({
    args: [...args, '--exit-command-arg', `echo done >${mark}`],
    pipes: ['SYNC'],
  });
  const { data, message } = JSON.parse((await monitor.line('SYNC')) ?? '');
  assert.equal(data, -1);
  assert.match(message, /no-such-program.*not found/s);
  assert.equal(await fileContent(mark), 'done\n');
  assert.equal(existsSync(join(container.bundle, 'attach')), false);
});

test('a runtime that is killed is reported as a failure', async () => {
  using container = makeFakeContainer('exit 0');
  const program = join(container.directory, 'runtime');
  writeFileSync(program, '#!/bin/sh\necho last words >&2\nkill -KILL $$\n');
  chmodSync(program, 0o755);
  const monitor = startMonitor({
    args: [...container.args, '--runtime', program, '--sync'],
    pipes: ['SYNC'],
  });
  const report = JSON.parse((await monitor.line('SYNC')) ?? '');
  assert.deepEqual(report, { data: -1, message: 'last words\n' });
  assert.equal(await monitor.exited, 1);
});

test('a runtime that cannot be executed is reported', async () => {
  using container = makeFakeContainer('exit 0');
  const program = join(container.directory, 'runtime');
  writeFileSync(program, '#!/no/such/interpreter\n');
  chmodSync(program, 0o755);
  const monitor = startMonitor({ args: [...container.args, '--runtime', program], pipes: ['SYNC'] });
  const { data, message } = JSON.parse((await monitor.line('SYNC')) ?? '');
  assert.equal(data, -1);
  assert.match(message, /Failed to execute runtime .*No such file/);
});

test('without --api-version the pid comes under its old key', async () => {
  using container = makeFakeContainer('exit 0');
  const args = container.args.filter((word) => word !== '--api-version');
  const monitor = startMonitor({ args, pipes: ['SYNC'] });
  assert.match((await monitor.line('SYNC')) ?? '', /^\{"pid": \d+\}$/);
});

test('nothing is forked before the start pipe is written', async () => {
  using container = makeFakeContainer('exit 0');
  const monitor = startMonitor({ args: container.args, pipes: ['SYNC', 'START'] });
  const children = `/proc/${monitor.process.pid}/task/${monitor.process.pid}/children`;
  const waiting = `/proc/${monitor.process.pid}/wchan`;
  await until(() => /read|recv|pipe|unix|^0$/.test(readFileSync(waiting, 'utf8')), 'the monitor to wait');
  assert.equal(readFileSync(children, 'utf8'), '');
  assert.equal(existsSync(join(container.directory, 'monitor-pid')), false);
  monitor.pipe('START').write('x');
  assert.equal(await monitor.exited, 0);
  assert.equal(await container.exitCode(), '0');
});

test('with --sync the monitor stays our child and ends with the exit code', async () => {
  using container = makeFakeContainer('exit 9');
  const monitor = startMonitor({ args: [...container.args, '--sync'] });
  assert.equal(await monitor.exited, 9);
  assert.equal(existsSync(join(container.directory, 'monitor-pid')), false);
});

test('after the timeout the container is killed and its code is -1', async () => {
  using container = makeFakeContainer('sleep 1000');
  const monitor = startMonitor({ args: [...container.args, '--sync', '--timeout', '1'], pipes: ['SYNC'] });
  const pid = JSON.parse((await monitor.line('SYNC')) ?? '').data;
  assert.equal(await monitor.exited, 255);
  assert.equal(await container.exitCode(), '-1');
  assert.equal(isAlive(pid), false);
});

test('signals to the monitor go to the container', async () => {
  using container = makeFakeContainer('trap "exit 42" TERM; echo ready; while :; do sleep 0.05; done');
  const monitor = startMonitor({ args: [...container.args, '--sync'], pipes: ['SYNC'] });
  await monitor.line('SYNC');
  await until(() => readFileSync(container.log, 'utf8').includes('ready'), 'the trap');
  monitor.process.kill('SIGTERM');
  assert.equal(await monitor.exited, 42);
});

test('a background process that holds the pipes does not keep the monitor', async () => {
  using container = makeFakeContainer('sleep 1000 & echo $! ; exit 0');
  const monitor = startMonitor({ args: [...container.args, '--sync'] });
  assert.equal(await monitor.exited, 0);
  const [entry = ''] = logEntries(container);
  process.kill(Number(entry.replace('stdout F ', '')), 'SIGKILL');
});

test('neither the runtime nor the container inherits descriptors of the monitor', { skip }, async () => {
  using container = makeContainer({ args: ['ls', '-l', '/proc/self/fd'] });
  const monitor = startMonitor({
    args: [...container.args, '--run', '--stdin'],
    pipes: ['SYNC', 'START', 'EXIT'],
  });
  monitor.pipe('START').write('x');
  monitor.pipe('EXIT').end();
  await monitor.line('SYNC');
  await container.exitCode();
  const links = logEntries(container).filter((entry) => entry.includes(' -> ') && !entry.includes('/proc/'));
  assert.deepEqual(
    links.map((entry) => entry.replace(/^.* (\d+) -> (\w+).*$/, '$1 $2')),
    ['0 pipe', '1 pipe', '2 pipe'],
  );
});

test('an old pid file does not pass for the answer of the runtime', async () => {
  using container = makeFakeContainer('exit 0');
  const program = join(container.directory, 'runtime');
  writeFileSync(program, '#!/bin/sh\nexit 0\n');
  chmodSync(program, 0o755);
  writeFileSync(join(container.directory, 'pid'), '1');
  const monitor = startMonitor({ args: [...container.args, '--runtime', program], pipes: ['SYNC'] });
  const { data, message } = JSON.parse((await monitor.line('SYNC')) ?? '');
  assert.equal(data, -1);
  assert.match(message, /Failed to read .*pid: No such file/);
});

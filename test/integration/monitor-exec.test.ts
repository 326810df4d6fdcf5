import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { missingForContainers, type ProcessOptions, processSpec } from '../fixtures/monitor/bundle.ts';
import { type Container, makeContainer } from '../fixtures/monitor/container.ts';
import { attach, fileContent, type Monitor, type Pipe, startMonitor } from '../fixtures/monitor/monitor.ts';

const skip = missingForContainers();
let container: Container;
let sessions = 0;

interface Session {
  readonly monitor: Monitor;
  readonly bundle: string;
  readonly exitCode: () => Promise<string>;
}

before(async () => {
  if (skip !== false) return;
  container = makeContainer({ args: ['sleep', '1000'] });
  const monitor = startMonitor({ args: [...container.args, '--run'], pipes: ['SYNC'] });
  await monitor.line('SYNC');
});

after(() => {
  if (skip === false) container[Symbol.dispose]();
});

function execute(options: ProcessOptions, more: readonly string[], pipes: readonly Pipe[]): Session {
  const bundle = join(container.directory, `session-${++sessions}`);
  mkdirSync(join(bundle, 'exit'), { recursive: true });
  const spec = join(bundle, 'spec');
  writeFileSync(spec, JSON.stringify(processSpec(options)));
  const args = [
    ...container.args,
    ...['--cuuid', `session-${sessions}`, '--bundle', bundle, '--container-pidfile', join(bundle, 'pid')],
    ...['--exit-dir', join(bundle, 'exit'), '--log-path', 'none', '--conmon-pidfile', join(bundle, 'mpid')],
    ...['--exec', '--exec-process-spec', spec, ...more],
  ];
  const monitor = startMonitor({ args, pipes });
  return { monitor, bundle, exitCode: () => fileContent(join(bundle, 'exit', container.id)) };
}

test('an exec reports its pid, and later its exit code', { skip }, async () => {
  const session = execute({ args: ['sh', '-c', 'exit 8'] }, [], ['SYNC']);
  assert.ok(JSON.parse((await session.monitor.line('SYNC')) ?? '').data > 0);
  assert.equal(await session.monitor.line('SYNC'), '{"data": 8}');
  assert.equal(await session.monitor.line('SYNC'), undefined);
  assert.equal(await session.exitCode(), '8');
});

test('an attached exec loses no output and takes input', { skip }, async () => {
  const session = execute({ args: ['cat'] }, ['--exec-attach', '--stdin'], ['SYNC', 'START', 'ATTACH']);
  session.monitor.pipe('START').write('1');
  assert.equal(await session.monitor.line('ATTACH'), '{"data": 0}');
  const client = await attach(session.bundle, 'through the container\n');
  session.monitor.pipe('START').write('2');
  await session.monitor.line('SYNC');
  assert.equal(await session.monitor.line('SYNC'), '{"data": 0}');
  await client.ended;
  assert.equal(client.stdout(), 'through the container\n');
});

test('an exec with a terminal is attached to it', { skip }, async () => {
  // Nobody waits with the program until its terminal has a size, unless the process document names one; stty prints none then, and ends
  // with 0 all the same. And when a leader of a
  // session ends, the kernel drops what it has not passed on from its terminal yet: on a busy machine, all of it.
  const script = 'until stty size 2>/dev/null | grep .; do sleep 0.02; done; sleep 1; exit 2';
  const options = { args: ['sh', '-c', script], terminal: true };
  const session = execute(options, ['--exec-attach', '-ti'], ['SYNC', 'START', 'ATTACH']);
  session.monitor.pipe('START').write('1');
  await session.monitor.line('ATTACH');
  const client = await attach(session.bundle);
  writeFileSync(join(session.bundle, 'ctl'), '1 12 34\n');
  session.monitor.pipe('START').write('2');
  assert.equal(await session.exitCode(), '2');
  await client.ended;
  assert.equal(client.stdout(), '12 34\r\n');
});

test('an exec that cannot start is reported with the words of the runtime', { skip }, async () => {
  const session = execute({ args: ['no-such-program'] }, [], ['SYNC']);
  const { data, message } = JSON.parse((await session.monitor.line('SYNC')) ?? '');
  assert.equal(data, -1);
  assert.match(message, /no-such-program.*not found/s);
});

test('an exec that runs too long is killed, and that is said', { skip }, async () => {
  const session = execute({ args: ['sleep', '1000'] }, ['--timeout', '1'], ['SYNC']);
  await session.monitor.line('SYNC');
  assert.equal(await session.monitor.line('SYNC'), '{"data": -1, "message": "command timed out"}');
  assert.equal(await session.exitCode(), '-1');
});

test('the exit pipe works for an exec as well', { skip }, async () => {
  const session = execute({ args: ['sh', '-c', 'exit 3'] }, ['--sync'], ['SYNC', 'EXIT']);
  assert.equal(await session.monitor.line('EXIT'), '{"exit_code": 3}');
  session.monitor.pipe('EXIT').write('c');
  assert.equal(await session.monitor.exited, 3);
});

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { logEntries, makeFakeContainer } from '../fixtures/monitor/container.ts';
import { attach, startMonitor, until } from '../fixtures/monitor/monitor.ts';

/** Output that is written in one piece, so that the entries do not depend on timing. */
function printing(text: Buffer | string): ReturnType<typeof makeFakeContainer> {
  const container = makeFakeContainer('exec cat "$(dirname "$0")/text"');
  writeFileSync(join(container.bundle, 'text'), text);
  return container;
}

test('a line longer than a chunk is logged in parts that join without loss', async () => {
  const long = 'x'.repeat(100_000);
  using container = printing(`${long}\nshort\n`);
  assert.equal(await startMonitor({ args: [...container.args, '--sync'] }).exited, 0);
  const entries = logEntries(container);
  const parts = entries.filter((entry) => entry.startsWith('stdout P '));
  assert.ok(parts.length >= 12 && parts.every((entry) => entry.length <= 9 + 8192));
  const joined = entries.map((entry) => entry.slice(9) + (entry[7] === 'F' ? '\n' : '')).join('');
  assert.equal(joined, `${long}\nshort\n`);
});

test('any byte is kept, carriage returns too', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i).filter((byte) => byte !== 10));
  using container = printing(Buffer.concat([bytes, Buffer.from('\n')]));
  assert.equal(await startMonitor({ args: [...container.args, '--sync'] }).exited, 0);
  const log = readFileSync(container.log);
  assert.deepEqual(log.subarray(log.indexOf(' stdout F ') + 10, -1), bytes);
});

test('the log is private and appended to', async () => {
  using container = printing('new\n');
  writeFileSync(container.log, 'old line\n', { mode: 0o640 });
  assert.equal(await startMonitor({ args: [...container.args, '--sync'] }).exited, 0);
  assert.deepEqual(logEntries(container), ['line', 'stdout F new']);
  using other = printing('new\n');
  assert.equal(await startMonitor({ args: [...other.args, '--sync'] }).exited, 0);
  assert.equal(statSync(other.log).mode & 0o777, 0o640);
});

test('a full log starts anew, without its old content', async () => {
  using container = printing('a line of some length\n'.repeat(1000));
  const args = [...container.args, '--sync', '--log-size-max', '5000'];
  assert.equal(await startMonitor({ args }).exited, 0);
  assert.ok(statSync(container.log).size <= 5000);
  assert.ok(logEntries(container).every((entry) => entry === 'stdout F a line of some length'));
});

test('with rotation the given number of old logs is kept', async () => {
  using container = printing(Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join(''));
  const args = [
    ...container.args,
    '--sync',
    '--log-size-max',
    '5000',
    '--log-rotate',
    '--log-max-files',
    '2',
  ];
  assert.equal(await startMonitor({ args }).exited, 0);
  assert.deepEqual(
    [1, 2, 3].map((number) => existsSync(`${container.log}.${number}`)),
    [true, true, false],
  );
  const entries = [`${container.log}.2`, `${container.log}.1`, container.log].flatMap((path) =>
    readFileSync(path, 'utf8').trimEnd().split('\n'),
  );
  const text = entries
    .map((entry) =>
      entry.replace(/^\S+ stdout F (.*)$|^\S+ stdout P (.*)$/, (_, full, part) =>
        full === undefined ? part : `${full}\n`,
      ),
    )
    .join('');
  const numbers = [...text.matchAll(/line (\d+)\n/g)].map((match) => Number(match[1]));
  assert.equal(numbers.at(-1), 999);
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => (numbers[0] ?? 0) + i),
  );
});

test('rotation is refused outside the allow list, and nothing is lost', async () => {
  using container = printing('a line\n'.repeat(1000));
  const args = [
    ...container.args,
    '--sync',
    '--log-size-max',
    '5000',
    '--log-rotate',
    '--log-allowlist-dir',
    '/var/empty',
  ];
  assert.equal(await startMonitor({ args }).exited, 0);
  assert.equal(existsSync(`${container.log}.1`), false);
  assert.equal(logEntries(container).length, 1000);
});

test('output beyond the global limit is dropped', async () => {
  using container = printing('a line\n'.repeat(1000));
  const args = [...container.args, '--sync', '--log-global-size-max', '5000'];
  assert.equal(await startMonitor({ args }).exited, 0);
  const { size } = statSync(container.log);
  assert.ok(size <= 5000 && size > 4900);
});

test('a log can be reopened through the control fifo', async () => {
  using container = makeFakeContainer('read a; echo one; read b; echo two');
  const monitor = startMonitor({ args: [...container.args, '--sync', '--stdin'], pipes: ['SYNC'] });
  await monitor.line('SYNC');
  const client = await attach(container.bundle, '-');
  client.process.stdin?.write('\n');
  await until(() => readFileSync(container.log, 'utf8').includes('one'), 'the first line');
  const before = statSync(container.log).ino;
  writeFileSync(join(container.bundle, 'ctl'), '2 0 0\n');
  await until(() => existsSync(container.log) && statSync(container.log).ino !== before, 'a new log');
  client.process.stdin?.write('\n');
  assert.equal(await monitor.exited, 0);
  assert.deepEqual(logEntries(container), ['stdout F two']);
});

test('a full disk leaves no torn line and does not stop the container', async () => {
  using container = printing('a line of some length\n'.repeat(20_000));
  const limited = ['sh', '-c', `ulimit -f 1000; trap '' XFSZ; exec "$@"`, 'sh'];
  assert.equal(await startMonitor({ args: [...container.args, '--sync'], wrapper: limited }).exited, 0);
  const text = readFileSync(container.log, 'utf8');
  assert.ok(text.length > 100_000 && text.length <= 512_000);
  assert.ok(text.endsWith('stdout F a line of some length\n'));
});

test('no driver leaves no log', async () => {
  using container = printing('text\n');
  const args = container.args.map((word) => (word.startsWith('k8s-file:') ? 'none' : word));
  assert.equal(await startMonitor({ args: [...args, '--sync'] }).exited, 0);
  assert.equal(existsSync(container.log), false);
});

test('passthrough gives the container our own streams', async () => {
  using container = makeFakeContainer('echo out; echo err >&2');
  const args = container.args.map((word) => (word.startsWith('k8s-file:') ? 'passthrough' : word));
  const monitor = startMonitor({ args: [...args, '--sync'] });
  assert.equal(await monitor.exited, 0);
  assert.deepEqual([monitor.stdout(), monitor.stderr()], ['out\n', 'err\n']);
  assert.equal(existsSync(join(container.bundle, 'ctl')), false);
});

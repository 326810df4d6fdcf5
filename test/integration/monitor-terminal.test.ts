import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findRuntime, missingForContainers } from '../fixtures/monitor/bundle.ts';
import { type Container, logEntries, makeContainer } from '../fixtures/monitor/container.ts';
import { attach, type Monitor, startMonitor, until } from '../fixtures/monitor/monitor.ts';

const skip = missingForContainers();
const runtime = findRuntime() ?? '';

async function create(container: Container, ...more: string[]): Promise<Monitor> {
  const monitor = startMonitor({ args: [...container.args, '-ti', '--sync', ...more], pipes: ['SYNC'] });
  const { data, message } = JSON.parse((await monitor.line('SYNC')) ?? '');
  assert.ok(data > 0, message);
  return monitor;
}

test('a size set before the start is what the program sees', { skip }, async () => {
  using container = makeContainer({ args: ['stty', 'size'], terminal: true });
  const monitor = await create(container);
  writeFileSync(join(container.bundle, 'ctl'), '1 33 77\n');
  const client = await attach(container.bundle);
  execFileSync(runtime, ['start', container.id]);
  assert.equal(await monitor.exited, 0);
  await client.ended;
  assert.equal(client.stdout(), '33 77\r\n');
  assert.deepEqual(logEntries(container), ['stdout F 33 77\r']);
});

test('a terminal echoes, is resized while it runs, and bad lines have no effect', { skip }, async () => {
  using container = makeContainer({ args: ['sh'], terminal: true });
  const monitor = await create(container);
  const client = await attach(container.bundle, '-');
  execFileSync(runtime, ['start', container.id]);
  writeFileSync(join(container.bundle, 'ctl'), '1 40 100\n');
  const bad = ['1 0x10 50', '1 -5 20', '1 1001 20', '1 5', '7 1 1', 'x', `1 9 9 ${'9'.repeat(300)}`, ''];
  for (const line of bad) writeFileSync(join(container.bundle, 'ctl'), `${line}\n`);
  client.process.stdin?.write('stty size; echo "end"-of-first\n');
  await until(() => client.stdout().includes('\nend-of-first'), 'the first size');
  writeFileSync(join(container.bundle, 'winsz'), '051 099 surplus\n');
  client.process.stdin?.write('stty size; exit 6\n');
  assert.equal(await monitor.exited, 6);
  await client.ended;
  assert.match(client.stdout(), /stty size; echo "end"-of-first\r\n40 100\r\nend-of-first\r\n/);
  assert.match(client.stdout(), /\r\n51 99\r\n$/);
});

test('the console socket is private and vanishes', { skip }, async () => {
  using container = makeContainer({ args: ['true'], terminal: true });
  const directory = mkdtempSync(join(tmpdir(), 'tspod-console-'));
  const wrapper = join(container.directory, 'runtime');
  writeFileSync(
    wrapper,
    `#!/bin/sh\nstat -c '%a %n' ${directory}/* >${container.directory}/seen\nexec ${runtime} "$@"\n`,
    {
      mode: 0o755,
    },
  );
  const args = [...container.args, '--run', '-t', '--sync', '--runtime', wrapper];
  assert.equal(await startMonitor({ args, env: { TMPDIR: directory } }).exited, 0);
  assert.match(readFileSync(join(container.directory, 'seen'), 'utf8'), /^700 .*\/conmon-term\.\w{6}\n$/);
  assert.deepEqual(readdirSync(directory), []);
  rmSync(directory, { recursive: true });
});

test('a runtime that brings no terminal is a failure', { skip }, async () => {
  using container = makeContainer({ args: ['true'], terminal: false });
  const program = join(container.directory, 'runtime');
  writeFileSync(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const monitor = startMonitor({
    args: [...container.args, '-t', '--sync', '--runtime', program],
    pipes: ['SYNC'],
  });
  assert.deepEqual(JSON.parse((await monitor.line('SYNC')) ?? ''), {
    data: -1,
    message: 'Runtime did not set up terminal',
  });
  assert.equal(await monitor.exited, 1);
});

test('no output of a terminal is lost at the end', { skip }, async () => {
  const script = 'i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done';
  using container = makeContainer({ args: ['sh', '-c', script], terminal: true });
  assert.equal(await startMonitor({ args: [...container.args, '-t', '--run', '--sync'] }).exited, 0);
  const text = logEntries(container).map(
    (entry) => entry.slice('stdout F '.length) + (entry[7] === 'F' ? '\n' : ''),
  );
  assert.equal(text.join(''), Array.from({ length: 5000 }, (_, i) => `line ${i}\r\n`).join(''));
});

test('the fifos are private to owner and group', { skip }, async () => {
  using container = makeContainer({ args: ['true'] });
  mkdirSync(container.bundle, { recursive: true });
  assert.equal(await startMonitor({ args: [...container.args, '--run', '--sync'] }).exited, 0);
  for (const name of ['ctl', 'winsz']) {
    const status = statSync(join(container.bundle, name));
    assert.deepEqual([status.isFIFO(), status.mode & 0o777], [true, 0o640]);
  }
});

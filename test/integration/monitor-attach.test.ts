import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Container, makeFakeContainer } from '../fixtures/monitor/container.ts';
import {
  attach,
  type Client,
  isAlive,
  type Monitor,
  startMonitor,
  until,
} from '../fixtures/monitor/monitor.ts';

async function start(container: Container, ...more: string[]): Promise<Monitor & { pid: number }> {
  const monitor = startMonitor({ args: [...container.args, '--sync', ...more], pipes: ['SYNC'] });
  return { ...monitor, pid: JSON.parse((await monitor.line('SYNC')) ?? '').data };
}

/** A shell line that waits, in the container, for a file in its bundle. */
function waitFor(name: string): string {
  return `while [ ! -e "$(dirname "$0")/${name}" ]; do sleep 0.02; done`;
}

function release(container: Container, name: string): void {
  writeFileSync(join(container.bundle, name), '');
}

test('every client gets all output, apart by stream', async () => {
  using container = makeFakeContainer(`${waitFor('go')}; echo out; echo err >&2`);
  const monitor = await start(container);
  const clients = await Promise.all([1, 2, 3].map(() => attach(container.bundle)));
  release(container, 'go');
  assert.equal(await monitor.exited, 0);
  await Promise.all(clients.map((client) => client.ended));
  assert.deepEqual(
    clients.map((client) => [client.stdout(), client.stderr()]),
    Array(3).fill(['out\n', 'err\n']),
  );
});

test('a client that connected before the output came gets it, also when the monitor is slow to notice', async () => {
  using container = makeFakeContainer(`${waitFor('go')}; echo out; echo err >&2; : > "$(dirname "$0")/said"`);
  const monitor = await start(container);
  monitor.process.kill('SIGSTOP');
  const clients = await Promise.all([1, 2, 3].map(() => attach(container.bundle)));
  release(container, 'go');
  await until(() => existsSync(join(container.bundle, 'said')), 'the output');
  monitor.process.kill('SIGCONT');
  assert.equal(await monitor.exited, 0);
  await Promise.all(clients.map((client) => client.ended));
  assert.deepEqual(
    clients.map((client) => [client.stdout(), client.stderr()]),
    Array(3).fill(['out\n', 'err\n']),
  );
});

test('the attach socket is private and is gone at the end', async () => {
  using container = makeFakeContainer(waitFor('go'));
  const monitor = await start(container);
  const socket = join(container.bundle, 'attach');
  assert.equal(statSync(socket).mode & 0o777, 0o700);
  release(container, 'go');
  await monitor.exited;
  assert.equal(existsSync(socket), false);
});

test('without --full-attach the socket directory holds a link to the bundle', async () => {
  using container = makeFakeContainer(waitFor('go'));
  const directory = join(container.directory, 'sockets');
  mkdirSync(directory);
  const args = container.args.filter((word) => word !== '--full-attach');
  const monitor = startMonitor({
    args: [...args, '--sync', '--socket-dir-path', directory],
    pipes: ['SYNC'],
  });
  await monitor.line('SYNC');
  assert.equal(readlinkSync(join(directory, container.id)), container.bundle);
  const client = await attach(join(directory, container.id));
  release(container, 'go');
  await monitor.exited;
  await client.ended;
  assert.equal(existsSync(join(directory, container.id)), false);
});

test('the path of the socket may be longer than a socket address', async () => {
  using container = makeFakeContainer('read line; echo "got $line"');
  const bundle = join(container.directory, 'd'.repeat(120));
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'command'), readFileSync(join(container.bundle, 'command')));
  const monitor = await start(container, '--bundle', bundle, '--stdin');
  const client = await attach(bundle, 'x\n');
  await monitor.exited;
  await client.ended;
  assert.equal(client.stdout(), 'got x\n');
});

test('the end of a client ends the stdin of the container, and the client still gets the output', async () => {
  using container = makeFakeContainer('cat; echo end');
  const monitor = await start(container, '--stdin');
  const client = await attach(container.bundle, 'one\ntwo');
  assert.equal(await monitor.exited, 0);
  await client.ended;
  assert.equal(client.stdout(), 'one\ntwoend\n');
});

test('with --leave-stdin-open a later client can go on', async () => {
  using container = makeFakeContainer('read a; read b; echo "$a $b"');
  const monitor = await start(container, '--stdin', '--leave-stdin-open');
  const first = await attach(container.bundle, 'one\n');
  first.process.kill('SIGKILL');
  await first.ended;
  const second = await attach(container.bundle, 'two\n');
  assert.equal(await monitor.exited, 0);
  await second.ended;
  assert.equal(second.stdout(), 'one two\n');
});

test('input that the container takes slowly arrives whole and in order', async () => {
  using container = makeFakeContainer(`${waitFor('go')}; exec md5sum`);
  const monitor = await start(container, '--stdin');
  const client = await attach(container.bundle, '-');
  const input = Buffer.alloc(3_000_000, 'abcdefghijklmnopqrstuvwxyz0123456789');
  client.process.stdin?.end(input);
  release(container, 'go');
  assert.equal(await monitor.exited, 0);
  await client.ended;
  assert.equal(client.stdout(), `${createHash('md5').update(input).digest('hex')}  -\n`);
});

test('without --stdin input goes nowhere and harms nothing', async () => {
  using container = makeFakeContainer(`${waitFor('go')}; cat; echo end`);
  const monitor = await start(container);
  const client = await attach(container.bundle, 'lost\n');
  release(container, 'go');
  assert.equal(await monitor.exited, 0);
  await client.ended;
  assert.equal(client.stdout(), 'end\n');
});

test('a client that dies does not disturb the container or the others', async () => {
  using container = makeFakeContainer(`${waitFor('go')}; yes | head -c 2000000; exit 3`);
  const monitor = await start(container);
  const victim = await attach(container.bundle);
  const other = await attach(container.bundle);
  victim.process.kill('SIGKILL');
  await victim.ended;
  release(container, 'go');
  assert.equal(await monitor.exited, 3);
  await other.ended;
  assert.equal(other.stdout().length, 2_000_000);
});

test('a slow client gets every byte, and the container waits for it', async () => {
  using container = makeFakeContainer(
    `${waitFor('go')}; yes | head -c 5000000; touch "$(dirname "$0")/written"`,
  );
  const monitor = await start(container);
  const client = await pausedClient(container);
  release(container, 'go');
  await until(blockedWriter(monitor.pid), 'the container to block');
  assert.equal(existsSync(join(container.bundle, 'written')), false);
  client.resume();
  assert.equal(await monitor.exited, 0);
  await client.ended;
  assert.equal(client.stdout().length, 5_000_000);
});

test('a stopped client does not hold the container: it is dropped at last', async () => {
  using container = makeFakeContainer(`${waitFor('go')}; yes | head -c 9000000`);
  const monitor = await start(container);
  const client = await attach(container.bundle);
  client.process.kill('SIGSTOP');
  release(container, 'go');
  assert.equal(await monitor.exited, 0);
  assert.equal(await container.exitCode(), '0');
  client.process.kill('SIGCONT');
  await client.ended;
  assert.ok(client.stdout().length > 1_000_000 && client.stdout().length < 9_000_000);
});

test('what a slow client has not read at the end still reaches it, and the exit is not held up', async () => {
  using container = makeFakeContainer(`${waitFor('go')}; yes | head -c 700000`);
  const monitor = await start(container);
  const client = await attach(container.bundle);
  client.process.kill('SIGSTOP');
  release(container, 'go');
  assert.equal(await monitor.exited, 0);
  assert.equal(await container.exitCode(), '0');
  assert.ok(!isAlive(monitor.process.pid ?? 0));
  client.process.kill('SIGCONT');
  await client.ended;
  assert.equal(client.stdout().length, 700_000);
});

/** A client whose process lives and is not stopped, but which does not read: its own stdout is a full pipe. */
async function pausedClient(container: Container): Promise<Client & { resume: () => void }> {
  const client = await attach(container.bundle);
  client.process.stdout?.pause();
  return { ...client, resume: () => client.process.stdout?.resume() };
}

/** Tells, when asked repeatedly, whether a child of the container's shell has been asleep writing to a pipe for a while. */
function blockedWriter(pid: number): () => boolean {
  let unchanged = 0;
  let last = '';
  return () => {
    const [written = ''] = readFileSync(`/proc/${pid}/io`, 'utf8').split('\n').slice(1);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const now = [written, ...children.map(sleepState)].join(' ');
    unchanged = now === last && now.includes('head pipe') ? unchanged + 1 : 0;
    last = now;
    return unchanged > 20;
  };
}

function sleepState(pid: string): string {
  try {
    const [, wchar = ''] = /wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8')) ?? [];
    const place = readFileSync(`/proc/${pid}/wchan`, 'utf8').includes('pipe_write') ? 'pipe' : 'elsewhere';
    return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} ${place} ${wchar}`;
  } catch {
    return 'gone';
  }
}

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { syscalls } from '../../../src/native/linux.ts';

describe('the attach client', () => {
  const base = mkdtempSync(join(tmpdir(), 'tspod-attach-'));
  const server = join(base, 'attach-server');
  execFileSync('cc', ['-O1', '-o', server, join(import.meta.dirname, '../../fixtures/attach-server.c')]);
  after(() => rmSync(base, { recursive: true }));
  let serial = 0;

  /** Connects to a server that follows `script`, at a path longer than a socket address holds. */
  async function connect(script: string): Promise<number> {
    const directory = join(base, `${serial++}`, 'd'.repeat(100));
    mkdirSync(directory, { recursive: true });
    const child = spawn(server, [join(directory, 'attach'), script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return syscalls().connectSeqpacket(join(directory, 'attach'));
  }

  function openOutput(name: string): number {
    return openSync(join(base, name), 'w');
  }

  test('separates the streams and ends with the socket', async () => {
    const socket = await connect('ooeoe');
    const fds = [openOutput('out'), openOutput('err')] as const;
    assert.equal(await syscalls().pumpAttach(socket, ...fds), 'eof');
    for (const fd of [socket, ...fds]) closeSync(fd);
    assert.equal(readFileSync(join(base, 'out'), 'utf8'), 'out\nout\nout\n');
    assert.equal(readFileSync(join(base, 'err'), 'utf8'), 'err\nerr\n');
  });

  test('loses nothing of a large output, in order', async () => {
    const socket = await connect('oOo');
    const fd = openOutput('large');
    await syscalls().pumpAttach(socket, fd, -1);
    const large = readFileSync(join(base, 'large'), 'latin1');
    assert.equal(large.length, 1000 * 8192 + 8);
    assert.ok(large.startsWith('out\nxx') && large.endsWith('xxout\n'));
    for (const open of [socket, fd]) closeSync(open);
  });

  test('ends when the reader of an output has gone', async () => {
    const socket = await connect('Oe');
    const reader = spawn('head', ['-c1'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const handle = (reader.stdin as unknown as { _handle: { fd: number } })._handle;
    const ended = once(reader, 'exit');
    assert.equal(await syscalls().pumpAttach(socket, handle.fd, -1), 'reader-gone');
    await ended;
    closeSync(socket);
  });

  test('waits for a slow reader of a non-blocking descriptor', async () => {
    const socket = await connect('oOo');
    const reader = spawn('wc', ['-c'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const handle = (reader.stdin as unknown as { _handle: { fd: number } })._handle;
    const counted = text(reader.stdout);
    reader.kill('SIGSTOP');
    const end = syscalls().pumpAttach(socket, handle.fd, -1);
    reader.kill('SIGCONT');
    await end;
    reader.stdin.end();
    assert.equal((await counted).trim(), String(1000 * 8192 + 8));
    closeSync(socket);
  });

  test('reports a full disk, after the other stream was delivered', async () => {
    const socket = await connect('oe');
    const err = openOutput('beside-full');
    const full = openSync('/dev/full', 'w');
    await assert.rejects(syscalls().pumpAttach(socket, full, err), { code: 'ENOSPC', syscall: 'write' });
    assert.equal(readFileSync(join(base, 'beside-full'), 'utf8'), 'err\n');
    for (const fd of [socket, err, full]) closeSync(fd);
  });

  test('delivers what was sent before the peer went away with our input unread', async () => {
    const socket = await connect('wooo');
    const out = openOutput('reset');
    writeSync(socket, 'input that nobody reads');
    assert.equal(await syscalls().pumpAttach(socket, out, -1), 'eof');
    assert.equal(readFileSync(join(base, 'reset'), 'utf8'), 'out\nout\nout\n');
    for (const fd of [socket, out]) closeSync(fd);
  });

  test('half closes: the peer sees the end of input and still sends output', async () => {
    const socket = await connect('r');
    const out = openOutput('echo');
    const end = syscalls().pumpAttach(socket, out, -1);
    writeSync(socket, 'one\n');
    writeSync(socket, 'two\n');
    syscalls().shutdownWrite(socket);
    await end;
    assert.equal(readFileSync(join(base, 'echo'), 'utf8'), 'one\ntwo\n');
    for (const fd of [socket, out]) closeSync(fd);
  });

  test('ends early when the socket is shut down', async () => {
    const socket = await connect('r');
    const end = syscalls().pumpAttach(socket, -1, -1);
    syscalls().shutdownBoth(socket);
    assert.equal(await end, 'eof');
    closeSync(socket);
  });

  test('says which socket it could not connect to', () => {
    const path = join(base, 'missing');
    assert.throws(() => syscalls().connectSeqpacket(path), { code: 'ENOENT', syscall: 'connect', path });
  });
});

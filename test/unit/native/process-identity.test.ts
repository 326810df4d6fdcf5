import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { syscalls } from '../../../src/native/linux.ts';
import {
  bootId,
  formatIdentity,
  identifyProcess,
  isAlive,
  isEnding,
  ownIdentity,
  parseIdentity,
} from '../../../src/native/process-identity.ts';

describe('process identity', () => {
  test('reads past a name with blanks and parentheses', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tspod-identity-'));
    const program = join(directory, 'a ) Z 1 (b');
    copyFileSync('/bin/sleep', program);
    const child = spawn(program, ['60'], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    await once(child, 'spawn');
    const pid = child.pid ?? -1;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    assert.match(stat, /^\d+ \(a \) Z 1 \(b\) [RSD] /);
    assert.deepEqual(identifyProcess(pid), { pid, startTime: fields[19] });
    assert.match(syscalls().processStart(pid) ?? '', /^[RSD]\d+$/);
    child.kill('SIGKILL');
    await exited;
    assert.equal(identifyProcess(pid), undefined);
    rmSync(directory, { recursive: true });
  });

  test('this process is alive, and one of the same pid but another start is not', () => {
    assert.ok(isAlive(ownIdentity()));
    assert.equal(isAlive({ pid: process.pid, startTime: '1' }), false);
    assert.equal(isAlive({ pid: process.pid, startTime: undefined }), false);
    assert.equal(isAlive(undefined), false);
    for (const pid of [0, -1, 1.5, 2 ** 31, Number.NaN]) assert.equal(identifyProcess(pid), undefined);
  });

  test('survives being written down, but not a reboot', () => {
    const text = formatIdentity(ownIdentity());
    assert.deepEqual(parseIdentity(text), ownIdentity());
    assert.equal(parseIdentity(text.replace(bootId(), '00000000-0000-0000-0000-000000000000')), undefined);
    assert.equal(parseIdentity('nonsense'), undefined);
  });

  test('a pidfd tells the end of a process, and a limit is kept', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] });
    const exited = once(child, 'exit');
    const pidfd = syscalls().pidfdOpen(child.pid ?? -1);
    assert.equal(await syscalls().pidfdWait(pidfd, 1), false);
    const waiting = syscalls().pidfdWait(pidfd, -1);
    syscalls().pidfdSendSignal(pidfd, 15);
    assert.equal(await waiting, true);
    const identity = identifyProcess(child.pid ?? -1);
    if (identity !== undefined) assert.equal(isAlive(identity), false);
    await exited;
    assert.throws(() => syscalls().pidfdSendSignal(pidfd, 15), { code: 'ESRCH' });
    closeSync(pidfd);
  });

  test('a process that has exited, and one that is not there, are ending; one that runs is not', async () => {
    const system = syscalls();
    assert.equal(isEnding(process.pid), false);
    const pid = system.spawn('/bin/true', ['true'], [], [-1, -1, -1]);
    const pidfd = system.pidfdOpen(pid);
    assert.equal(await system.pidfdWait(pidfd, -1), true);
    closeSync(pidfd);
    // Nobody has taken it in yet.
    assert.equal(isEnding(pid), true);
    assert.equal(await system.reap(pid), 0);
    assert.equal(isEnding(pid), true);
  });
});

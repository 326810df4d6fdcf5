import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
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
  parseProcessStat,
} from '../../../src/native/process-identity.ts';

describe('process identity', () => {
  test('reads past a name with blanks and parentheses', () => {
    const text = '42 (a ) S (b) R) Z 1 42 42 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 98765 0 0';
    assert.deepEqual(parseProcessStat(text), { state: 'Z', startTime: '98765' });
    assert.equal(parseProcessStat('42 (short) R 1'), undefined);
  });

  test('this process is alive, and one of the same pid but another start is not', () => {
    assert.ok(isAlive(ownIdentity()));
    assert.equal(isAlive({ pid: process.pid, startTime: '1' }), false);
    assert.equal(isAlive({ pid: process.pid, startTime: undefined }), false);
    assert.equal(isAlive(undefined), false);
    assert.equal(identifyProcess(0), undefined);
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

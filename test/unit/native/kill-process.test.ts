import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { killProcess } from '../../../src/native/kill-process.ts';
import { syscalls } from '../../../src/native/linux.ts';

const WAIT_MS = 60_000;

test('a process is killed and its end awaited', async () => {
  const child = sleeper();
  const ended = once(child, 'exit');
  await killProcess(syscalls(), pidOf(child), () => true, WAIT_MS);
  assert.deepEqual(await ended, [null, 'SIGKILL']);
});

test('another process that got the number is left alone', async () => {
  const child = sleeper();
  await killProcess(syscalls(), pidOf(child), () => false, WAIT_MS);
  assert.equal(child.kill(0), true);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
});

test('one that has ended, before or after the look at it, is no error and leaves no descriptor open', async () => {
  const child = sleeper();
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  const open = readdirSync('/proc/self/fd').length;
  const gone = Object.assign(new Error('kill: no such process'), { code: 'ESRCH' });
  await killProcess(syscalls(), pidOf(child), () => true, WAIT_MS);
  const endsInBetween = {
    ...pidfdOf(process.pid),
    pidfdSendSignal: () => {
      throw gone;
    },
  };
  await killProcess(endsInBetween, 1, () => true, WAIT_MS);
  assert.equal(readdirSync('/proc/self/fd').length, open);
});

function sleeper(): ChildProcess {
  return spawn('sleep', ['1000'], { stdio: 'ignore' });
}

function pidOf({ pid }: ChildProcess): number {
  assert.ok(pid !== undefined);
  return pid;
}

function pidfdOf(pid: number) {
  const system = syscalls();
  return { pidfdOpen: () => system.pidfdOpen(pid), pidfdWait: system.pidfdWait };
}

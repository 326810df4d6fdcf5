import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { startTimeOf } from '../../../src/native/process-identity.ts';
import {
  hostGid,
  hostUid,
  isRootless,
  rootlessIdentity,
  stopPauseProcess,
} from '../../../src/rootless/namespace.ts';

const NAMES = ['_TSPOD_ROOTLESS_UID', '_TSPOD_ROOTLESS_GID', '_TSPOD_ROOTLESS_MAPS', '_TSPOD_RUNTIME_DIR'];

describe('the rootless identity', () => {
  let runtimeDir = '';

  beforeEach(() => {
    runtimeDir = mkdtempSync(join(tmpdir(), 'tspod-namespace-'));
    process.env['_TSPOD_ROOTLESS_UID'] = '1001';
    process.env['_TSPOD_ROOTLESS_GID'] = '1002';
    process.env['_TSPOD_ROOTLESS_MAPS'] = 'single';
    process.env['_TSPOD_RUNTIME_DIR'] = runtimeDir;
  });
  afterEach(() => {
    for (const name of NAMES) delete process.env[name];
    rmSync(runtimeDir, { recursive: true });
  });

  test('is what the launcher passed on', () => {
    assert.deepEqual(rootlessIdentity(), { uid: 1001, gid: 1002, runtimeDir, singleId: true });
    assert.deepEqual([isRootless(), hostUid(), hostGid()], [true, 1001, 1002]);
  });

  test('is absent for root of the machine', () => {
    for (const name of NAMES) delete process.env[name];
    assert.equal(rootlessIdentity(), undefined);
    assert.deepEqual([isRootless(), hostUid(), hostGid()], [false, process.getuid?.(), process.getgid?.()]);
  });

  test('stopping the pause process ends it and removes its file', async () => {
    const pause = spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] });
    const ended = once(pause, 'exit');
    const file = join(runtimeDir, 'pause.pid');
    writeFileSync(file, `${pause.pid} ${startTimeOf(pause.pid ?? 0)} full\n`);
    assert.equal(await stopPauseProcess(), true);
    assert.deepEqual(await ended, [null, 'SIGTERM']);
    assert.equal(existsSync(file), false);
    assert.equal(await stopPauseProcess(), false);
  });

  test('a process that only has the pid of a former pause process is left alone', async () => {
    writeFileSync(join(runtimeDir, 'pause.pid'), `${process.pid} 1 full\n`);
    assert.equal(await stopPauseProcess(), false);
  });
});

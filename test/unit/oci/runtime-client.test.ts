import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { CommandNotFoundError, RuntimeError } from '../../../src/base/errors.ts';
import {
  deleteFromRuntime,
  listRuntimeProcesses,
  type RuntimeRef,
  readRuntimeState,
  signalContainer,
  startInRuntime,
} from '../../../src/oci/runtime-client.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-runtime-'));
after(() => rmSync(directory, { recursive: true }));
const calls = join(directory, 'calls');

/** A runtime that notes how it was called and does what the script says. */
function runtimeThat(script: string): RuntimeRef {
  const path = join(directory, 'fake');
  writeFileSync(path, `#!/bin/sh\necho "$@" > ${calls}\n${script}\n`);
  chmodSync(path, 0o755);
  const stateRoot = join(directory, 'state');
  return {
    name: 'fake',
    path,
    args: [`--root=${stateRoot}`],
    stateRoot,
    systemdCgroup: false,
    sandboxed: false,
  };
}

const lastCall = () => readFileSync(calls, 'utf8').trim().split(' ').slice(1).join(' ');

describe('the OCI command line', () => {
  it('passes global arguments before the command', async () => {
    const runtime = runtimeThat('');
    await startInRuntime(runtime, 'abc');
    assert.equal(readFileSync(calls, 'utf8'), `--root=${runtime.stateRoot} start abc\n`);
    await signalContainer(runtime, 'abc', 15);
    assert.equal(lastCall(), 'kill abc 15');
    await deleteFromRuntime(runtime, 'abc', { force: true });
    assert.equal(lastCall(), 'delete --force abc');
  });

  it('reads state and processes', async () => {
    const runtime = runtimeThat(
      `case "$2" in state) echo '{"status":"running","pid":42}';; ps) echo '[42,43]';; esac`,
    );
    assert.deepEqual(await readRuntimeState(runtime, 'abc'), { status: 'running', pid: 42 });
    assert.deepEqual(await listRuntimeProcesses(runtime, 'abc'), [42, 43]);
  });

  it('counts a container that is gone as deleted, signalled and without state', async () => {
    const runtime = runtimeThat('echo "container \\"abc\\" does not exist" >&2; exit 1');
    await deleteFromRuntime(runtime, 'abc');
    await signalContainer(runtime, 'abc', 9);
    assert.equal(await readRuntimeState(runtime, 'abc'), undefined);
    await assert.rejects(startInRuntime(runtime, 'abc'), RuntimeError);
  });

  it('gives failures their type', async () => {
    const runtime = runtimeThat(
      'echo "executable file \\`foo\\` not found in \\$PATH: No such file" >&2; exit 1',
    );
    await assert.rejects(startInRuntime(runtime, 'abc'), CommandNotFoundError);
    await assert.rejects(
      startInRuntime({ ...runtime, path: '/gone' }, 'abc'),
      /cannot run \/gone: spawn \/gone: no such file or directory/,
    );
    await assert.rejects(
      startInRuntime(runtimeThat('kill -9 $$'), 'abc'),
      /fake start was killed by SIGKILL/,
    );
    await assert.rejects(deleteFromRuntime(runtimeThat('exit 3'), 'abc'), /delete ended with status 3/);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  checkpointInRuntime,
  requireCheckpoints,
  requireRestoreOption,
} from '../../../src/oci/runtime-checkpoint.ts';
import type { RuntimeRef } from '../../../src/oci/runtime-client.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-runtime-'));
after(() => rmSync(directory, { recursive: true }));

function runtime(name: string, script: string): RuntimeRef {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { name, path, args: ['--root=/x'], stateRoot: '/x', systemdCgroup: false, sandboxed: false };
}

const OPTIONS = {
  images: '/images',
  work: '/work-path',
  leaveRunning: false,
  tcpEstablished: false,
  fileLocks: false,
  preDump: false,
  parent: undefined,
};

test('the runtime is told where and how; what it says on failure is returned', async () => {
  const words = join(directory, 'words');
  const recording = runtime('runc', `echo "$*" >${words}`);
  assert.equal(await checkpointInRuntime(recording, 'id', OPTIONS), undefined);
  assert.equal(
    readFileSync(words, 'utf8'),
    '--root=/x checkpoint --image-path /images --work-path /work-path id\n',
  );
  const all = {
    ...OPTIONS,
    leaveRunning: true,
    tcpEstablished: true,
    fileLocks: true,
    preDump: true,
    parent: '../before',
  };
  await checkpointInRuntime(recording, 'id', all);
  assert.match(
    readFileSync(words, 'utf8'),
    /--leave-running --tcp-established --file-locks --pre-dump --parent-path \.\.\/before id\n$/,
  );
  assert.equal(await checkpointInRuntime(runtime('runc', 'echo no >&2; exit 1'), 'id', OPTIONS), 'no');
});

test('a runtime without the command, or without an option, is refused by name', async () => {
  await requireCheckpoints(runtime('runc', 'exit 0'));
  await assert.rejects(requireCheckpoints(runtime('crun', 'echo unknown command >&2; exit 1')), {
    name: 'UnsupportedError',
    message: /configured runtime does not support checkpoint\/restore/,
    hint: /built without CRIU.*--runtime runc/,
  });
  await assert.rejects(requireCheckpoints({ ...runtime('runsc', 'exit 0'), sandboxed: true }), {
    message: /the processes of runsc are not processes of this host/,
  });
  const some = runtime('runc', 'echo "  --tcp-established  allow"');
  await requireRestoreOption(some, '--tcp-established');
  await assert.rejects(
    requireRestoreOption(some, '--tcp-close'),
    /cannot use --tcp-close: runc restore does not know it/,
  );
});

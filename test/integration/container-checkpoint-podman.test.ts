import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ApiService, startApiService } from '../fixtures/api-service.ts';
import { freshName } from '../fixtures/containers.ts';
import { askKeeper, criuTspodOk, KEEPER, startKeeper, withCriu } from '../fixtures/criu.ts';
import { busyboxArchive, BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testEnvironment, testRoot } from '../fixtures/harness.ts';
import { programPath, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const skip = requires('root', 'criu', 'runc', 'podman');

async function podman(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(programPath('podman'), args, {
    env: testEnvironment(withCriu()),
  });
  assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

describe("a checkpoint of podman's", { skip }, () => {
  it('goes on here, with its files and volumes', async () => {
    const base = join(testRoot().base, 'podman');
    mkdirSync(base);
    const archive = join(base, 'archive.tar.zst');
    const flags = [
      ...['--root', join(base, 'root'), '--runroot', join(base, 'run'), '--storage-driver', 'vfs'],
      ...['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--log-level', 'error'],
    ];
    // Its defaults may be more than this machine allows.
    const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=512:512'];
    await podman(...flags, 'import', '--change', 'CMD=sh', busyboxArchive(), BUSYBOX);
    const what = [
      ...limits,
      '--network',
      'none',
      '-v',
      'theirs:/data',
      '-e',
      'A=b',
      '--label',
      'x=y',
      BUSYBOX,
    ];
    const script = `echo volume >/data/file; rm /etc/group; ${KEEPER}`;
    const id = await podman(...flags, 'run', '-d', '--name', 'theirs', ...what, 'sh', '-c', script);
    const token = await waitFor(
      'the first line',
      async () => (await podman(...flags, 'logs', 'theirs')) || undefined,
    );
    await podman(...flags, 'container', 'checkpoint', '--export', archive, 'theirs');
    await podman(...flags, 'rm', 'theirs');
    await busyboxImage();
    assert.equal(await criuTspodOk(['container', 'restore', '--import', archive]), id);
    assert.equal(await askKeeper('theirs'), token);
    const look = 'cat /data/file; ls /etc/group 2>/dev/null || echo "$A"';
    assert.equal(await criuTspodOk(['exec', 'theirs', 'sh', '-c', look]), 'volume\nb');
    assert.equal(await criuTspodOk(['inspect', '--format', '{{.Config.Labels.x}}', 'theirs']), 'y');
    await criuTspodOk(['rm', '-f', '-t', '0', 'theirs']);
    await criuTspodOk(['volume', 'rm', 'theirs']);
  });
});

describe('podman --remote', { skip }, () => {
  let service: ApiService;
  before(async () => {
    await busyboxImage();
    service = await startApiService({ env: withCriu().env as Record<string, string> });
  });
  after(() => service.stop());
  const remote = (...args: string[]) => podman('--remote', '--url', service.uri, 'container', ...args);

  it('makes checkpoints, as archives too, and restores them', async () => {
    const name = freshName();
    const archive = join(testRoot().base, 'remote.tar');
    const token = await startKeeper(name, BUSYBOX, ['--network', 'none']);
    await remote('checkpoint', name);
    await remote('restore', name);
    assert.equal(await askKeeper(name), token);
    await remote('checkpoint', '--leave-running', '--export', archive, name);
    const other = freshName();
    await remote('restore', '--import', archive, '--name', other);
    assert.equal(await askKeeper(other), token);
    const again = await service.request('POST', `/libpod/containers/${name}/restore`);
    assert.equal(again.status, 409);
    const measured = await service.request('POST', `/libpod/containers/${name}/checkpoint?printStats=true`);
    assert.ok((measured.json as { runtime_checkpoint_duration: number }).runtime_checkpoint_duration > 0);
    await criuTspodOk(['rm', '-f', '-t', '0', name, other]);
  });
});

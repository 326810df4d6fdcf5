import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { missingForContainers } from '../fixtures/monitor/bundle.ts';
import { monitorProgram } from '../fixtures/monitor/monitor.ts';

const PEERS = ['/usr/bin/podman', '/usr/bin/conmon'];
const absent = PEERS.find((path) => !existsSync(path));
const skip = missingForContainers() || (absent === undefined ? false : `needs ${absent}`);
const IMAGE = 'localhost/tspod-monitor-test';
const RUN = ['run', '--rm', '--network', 'none', '--ulimit', 'nofile=1000:1000', '--ulimit', 'nproc=500:500'];
let directory = '';

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function podman(conmon: string, args: readonly string[], input?: string): Outcome {
  const roots = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run')];
  const choices = ['--storage-driver', 'vfs', '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'];
  const words = [...roots, '--tmpdir', join(directory, 'tmp'), ...choices, '--conmon', conmon, ...args];
  const { status, stdout, stderr } = spawnSync('podman', words, {
    encoding: 'utf8',
    input: input ?? '',
    timeout: 180_000,
  });
  return { status, stdout, stderr };
}

function same(args: readonly string[], input?: string): Outcome {
  const [theirs, ours] = ['/usr/bin/conmon', monitorProgram()].map((conmon) => podman(conmon, args, input));
  assert.ok(theirs && ours);
  assert.deepEqual(ours, theirs);
  return ours;
}

before(() => {
  if (skip !== false) return;
  directory = mkdtempSync(join(tmpdir(), 'tspod-podman-'));
  const bin = join(directory, 'rootfs', 'bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync('/bin/busybox', join(bin, 'busybox'));
  for (const name of ['sh', 'cat', 'sleep', 'stty', 'yes', 'head']) symlinkSync('busybox', join(bin, name));
  const tar = join(directory, 'rootfs.tar');
  spawnSync('tar', ['-C', join(directory, 'rootfs'), '-cf', tar, '.']);
  assert.equal(podman('/usr/bin/conmon', ['import', tar, IMAGE]).status, 0);
});

after(() => {
  if (skip !== false) return;
  podman('/usr/bin/conmon', ['rm', '--all', '--force', '--time', '0']);
  podman('/usr/bin/conmon', ['rmi', '--all', '--force']);
  rmSync(directory, { recursive: true, force: true });
});

test('podman run gives the same output and status as with conmon', { skip }, () => {
  const { status, stdout, stderr } = same([...RUN, IMAGE, 'sh', '-c', 'echo out; echo err >&2; exit 5']);
  assert.deepEqual([status, stdout, stderr], [5, 'out\n', 'err\n']);
});

test('podman run -i passes input, -t gives a terminal', { skip }, () => {
  assert.equal(same([...RUN, '-i', IMAGE, 'cat'], 'some text\n').stdout, 'some text\n');
  assert.equal(same([...RUN, '-t', IMAGE, 'sh', '-c', '[ -t 1 ] && echo tty']).stdout, 'tty\r\n');
});

test('podman loses nothing of a large output', { skip }, () => {
  const { stdout } = same([...RUN, IMAGE, 'sh', '-c', 'yes | head -c 900000']);
  assert.equal(stdout.length, 900_000);
});

test('podman reports a command that is not there in the same words', { skip }, () => {
  assert.equal(same([...RUN, IMAGE, 'no-such-program']).status, 127);
});

test('podman exec, logs, stop and wait work against our monitor as against conmon', { skip }, () => {
  const outcomes = ['/usr/bin/conmon', monitorProgram()].map((conmon) => {
    const start = [...RUN.filter((word) => word !== '--rm'), '--detach', '--name', 'peer', IMAGE];
    const steps = [
      podman(conmon, [...start, 'sh', '-c', 'echo logged; exec sleep 1000']).status,
      podman(conmon, ['exec', 'peer', 'sh', '-c', 'echo exec; exit 3']),
      podman(conmon, ['exec', '-i', 'peer', 'cat'], 'through exec'),
      podman(conmon, ['exec', '-t', 'peer', 'sh', '-c', '[ -t 1 ] && echo tty']),
      podman(conmon, ['exec', 'peer', 'no-such-program']),
      podman(conmon, ['logs', 'peer']),
      podman(conmon, ['stop', '--time', '0', 'peer']),
      podman(conmon, ['wait', 'peer']),
      podman(conmon, ['rm', 'peer']),
    ];
    return steps;
  });
  assert.deepEqual(outcomes[1], outcomes[0]);
  assert.deepEqual(outcomes[1]?.at(-2), { status: 0, stdout: '137\n', stderr: '' });
});

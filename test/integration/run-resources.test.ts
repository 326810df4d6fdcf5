import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inContainer, runScript, startSleeper } from '../fixtures/containers.ts';
import { tspodOk } from '../fixtures/harness.ts';
import { isRoot } from '../fixtures/requires.ts';

const V2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
const V1 = !V2 && existsSync('/sys/fs/cgroup/memory');
/** On v1 an ordinary user has no say over cgroups: podman ignores limits there with a warning. */
const limits = isRoot() && (V1 || V2) ? false : 'this user cannot set limits on this host';

/** A file of the container's cgroup, as the host sees it. */
async function cgroupFile(flags: string[], controller: string, file: string): Promise<string> {
  const name = await startSleeper(flags);
  const path = await tspodOk(['inspect', '--format', '{{.State.CgroupPath}}', name]);
  const text = readFileSync(join('/sys/fs/cgroup', V2 ? '' : controller, path, file), 'utf8').trim();
  await tspodOk(['rm', '-f', '-t', '0', name]);
  return text;
}

describe('limits of a container', { skip: limits }, () => {
  it('of memory and swap', async () => {
    const megabytes = String(64 << 20);
    assert.equal(
      await cgroupFile(['-m', '64m'], 'memory', V2 ? 'memory.max' : 'memory.limit_in_bytes'),
      megabytes,
    );
    if (V1 && existsSync('/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'))
      assert.equal(
        await cgroupFile(['-m', '64m', '--memory-swap', '96m'], 'memory', 'memory.memsw.limit_in_bytes'),
        String(96 << 20),
      );
    assert.equal(
      await cgroupFile(
        ['--memory-reservation', '32m'],
        'memory',
        V2 ? 'memory.low' : 'memory.soft_limit_in_bytes',
      ),
      String(32 << 20),
    );
  });

  it('of memory are kept: what exceeds them is killed', async () => {
    const result = await runScript(
      ['-m', '16m', '--memory-swap', '16m'],
      'dd if=/dev/zero of=/dev/null bs=64M count=1',
    );
    assert.equal(result.code, 137);
  });

  it('that no runtime can keep are refused by name', async () => {
    const tiny = await runScript(['-m', '1'], 'true');
    assert.equal(tiny.code, 125);
    assert.match(tiny.stderr, /^Error: a memory limit of 1 bytes is too low/);
    assert.match(tiny.stderr, /6m/);
    const cpus = await runScript(['--cpuset-cpus', '4095'], 'true');
    assert.equal(cpus.code, 125);
    assert.match(cpus.stderr, /^Error: CPUs 4095 are not available: this host has 0/);
  });

  it('of CPU', async () => {
    if (V1) {
      assert.equal(await cgroupFile(['--cpus', '0.5'], 'cpu', 'cpu.cfs_quota_us'), '50000');
      assert.equal(
        await cgroupFile(['--cpu-period', '50000', '--cpu-quota', '10000'], 'cpu', 'cpu.cfs_period_us'),
        '50000',
      );
      assert.equal(await cgroupFile(['-c', '512'], 'cpu', 'cpu.shares'), '512');
    } else {
      assert.equal(await cgroupFile(['--cpus', '0.5'], 'cpu', 'cpu.max'), '50000 100000');
    }
  });

  it('of the CPUs it runs on', async () => {
    assert.match(
      await inContainer(['--cpuset-cpus', '0'], 'grep Cpus_allowed_list /proc/self/status'),
      /\s0$/,
    );
    const none = await runScript(['--cpuset-cpus', '4095'], 'true');
    assert.notEqual(none.code, 0);
  });

  it('of processes', async () => {
    assert.equal(await cgroupFile(['--pids-limit', '17'], 'pids', 'pids.max'), '17');
    assert.equal(await cgroupFile(['--pids-limit', '-1'], 'pids', 'pids.max'), 'max');
    assert.equal(await cgroupFile([], 'pids', 'pids.max'), '2048');
    const result = await runScript(
      ['--pids-limit', '5'],
      'for i in 1 2 3 4 5 6 7 8; do sleep 2 & done; wait',
    );
    assert.match(result.stderr, /can't fork|Resource temporarily unavailable/);
  });

  it('of what only cgroup v1 has', { skip: V1 ? false : 'cgroup v2' }, async () => {
    assert.equal(await cgroupFile(['--memory-swappiness', '10'], 'memory', 'memory.swappiness'), '10');
    assert.match(
      await cgroupFile(['-m', '64m', '--oom-kill-disable'], 'memory', 'memory.oom_control'),
      /^oom_kill_disable 1/,
    );
    assert.match(
      await cgroupFile(['--device-cgroup-rule', 'c 10:229 rwm'], 'devices', 'devices.list'),
      /^c 10:229 rwm$/m,
    );
  });

  it('of the cgroup it is in', async () => {
    const name = await startSleeper(['--cgroup-parent', '/tspod-test-parent']);
    const own = await tspodOk(['exec', name, 'cat', '/proc/self/cgroup']);
    assert.match(own, /tspod-test-parent/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});

describe('limits that need no cgroup of one’s own', () => {
  it('are told to the out-of-memory killer', async () => {
    assert.equal(await inContainer(['--oom-score-adj', '500'], 'cat /proc/self/oom_score_adj'), '500');
  });

  it('are told about where they cannot be had, or have no effect', async () => {
    const shared = await runScript(['--ipc', 'host', '--shm-size', '1m'], 'df -k /dev/shm');
    assert.match(shared.stderr, /--shm-size has no effect: \/dev\/shm is the host's/);
    assert.doesNotMatch(shared.stdout, /\b1024\b/);
    const may = execFileSync('sh', [
      '-c',
      'echo -50 2>/dev/null >/proc/self/oom_score_adj && echo yes || true',
    ]);
    const { stdout, stderr } = await runScript(['--oom-score-adj', '-50'], 'cat /proc/self/oom_score_adj');
    if (String(may) === 'yes\n') assert.equal(stdout, '-50\n');
    else assert.match(stderr, /oom_score_adj is raised to \d+: this process may not set it to -50/);
  });

  it('say nothing when they are empty', async () => {
    const flags = [
      '-m',
      '--shm-size',
      '--cpuset-cpus',
      '--blkio-weight',
      '--personality',
      '--health-cmd',
      '--pod',
    ];
    const empty = [...flags, '--cgroups', '--sdnotify', '--systemd', '--image-volume', '--mac-address'];
    assert.equal(
      await inContainer(
        empty.flatMap((flag) => [flag, '']),
        'df -k /dev/shm | grep -c 65536',
      ),
      '1',
    );
  });

  it('are refused when they are absurd', async () => {
    for (const [flags, words] of [
      [['-m', 'lots'], /lots/],
      [['-m', '-5'], /-5/],
      [['-m', '64m', '--memory-swap', '32m'], /memoryswap/],
      [['--memory-swap', '64m'], /memory/],
      [['--cpus', 'many'], /many/],
      [['--cpus', '-1'], /cpus/],
      [['--cpuset-cpus', '1-'], /1-/],
      [['--pids-limit', 'x'], /pids-limit/],
      [['--pids-limit', '4194305'], /pids-limit/],
      [['--oom-score-adj', '5000'], /5000|oom/],
      [['--stop-timeout', '-3'], /stop-timeout/],
      [['--timeout', '-3'], /timeout/],
      [['--cpu-shares', '-3'], /cpu-shares/],
      [['--ulimit', 'nofile=9:3'], /nofile/],
      [['--memory-swappiness', '101'], /101/],
      [['--blkio-weight', '5'], /5/],
      [['--shm-size', '-1'], /shm-size/],
      [['--shm-size-systemd', 'abc'], /shm-size-systemd/],
      [['--cpu-period', '5'], /5/],
    ] as const) {
      const result = await runScript(flags, 'true');
      assert.equal(result.code, 125, `${flags.join(' ')}: ${result.stderr}`);
      assert.match(result.stderr, words);
    }
  });
});

describe('limits without the right to set them', {
  skip: isRoot() || V2 ? 'for an ordinary user on cgroup v1' : false,
}, () => {
  it('are ignored, and tspod says so, as podman does', async () => {
    const result = await runScript(['-m', '64m'], 'echo ran');
    assert.equal(result.code, 0);
    assert.equal(result.stdout, 'ran\n');
    assert.match(result.stderr, /limit/i);
  });
});

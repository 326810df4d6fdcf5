import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { DISK, noDisk, noWeights, numbersOf, withLoopDevice } from '../fixtures/block-device.ts';
import { inContainer, runScript, startSleeper } from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { isRoot } from '../fixtures/requires.ts';

const V2 = existsSync('/sys/fs/cgroup/cgroup.controllers');

describe('limits for single block devices', { skip: noDisk }, () => {
  const disk = DISK ?? '';
  const show = 'cd /sys/fs/cgroup/blkio; cat blkio.throttle.read_bps_device blkio.throttle.write_iops_device';

  it('are those of the container’s cgroup, and shown by inspect', async () => {
    const flags = ['--device-read-bps', `${disk}:1mb`, '--device-write-iops', `${disk}:100`];
    const numbers = numbersOf(disk);
    assert.equal(await inContainer(flags, show), `${numbers} 1048576\n${numbers} 100`);
    const name = await startSleeper(flags);
    const shown =
      '{{(index .HostConfig.BlkioDeviceReadBps 0).Path}} {{(index .HostConfig.BlkioDeviceWriteIOps 0).Rate}}';
    assert.equal(await tspodOk(['inspect', '--format', shown, name]), `${disk} 100`);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('are refused for what is no disk', async () => {
    const none = await runScript(['--device-read-bps', '/dev/null:1mb'], 'true');
    assert.equal(none.code, 125);
    assert.match(none.stderr, /^Error: cannot limit \/dev\/null: not a block device/);
    const gone = await runScript(['--device-read-bps', '/dev/gone:1mb'], 'true');
    assert.match(gone.stderr, /\/dev\/gone: no such file/);
  });

  it('by weight are refused where its scheduler knows none', { skip: noWeights }, async () => {
    await withLoopDevice('none', async (path) => {
      const weight = await runScript(['--blkio-weight-device', `${path}:100`], 'true');
      assert.equal(weight.code, 125);
      assert.match(
        weight.stderr,
        /cannot set --blkio-weight-device for \/dev\/loop\d+: its I\/O scheduler is none, and only bfq .*\n.*echo bfq > \/sys\/\S+\/loop\d+\/queue\/scheduler/,
      );
    });
  });
});

const REALTIME = '/sys/fs/cgroup/cpu/cpu.rt_runtime_us';

describe('a real-time budget', {
  skip: isRoot() && existsSync(REALTIME) ? false : 'the kernel has none',
}, () => {
  it('is what the parent can give, and refused with the reason where it has none', async () => {
    const parent = `tspod-test-rt-${process.pid}`;
    mkdirSync(`/sys/fs/cgroup/cpu/${parent}`);
    try {
      const flags = ['--cgroup-parent', `/${parent}`, '--cpu-rt-runtime', '1000'];
      const poor = await runScript(flags, 'true');
      assert.equal(poor.code, 125);
      assert.match(poor.stderr, /--cpu-rt-runtime 1000: the parent cgroup \/\S+ has a real-time budget of 0/);
      writeFileSync(`/sys/fs/cgroup/cpu/${parent}/cpu.rt_runtime_us`, '20000');
      assert.equal(await inContainer(flags, 'cat /sys/fs/cgroup/cpu/cpu.rt_runtime_us'), '1000');
    } finally {
      for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
        const directory = `/sys/fs/cgroup/${hierarchy}/${parent}`;
        if (existsSync(directory)) rmdirSync(directory);
      }
    }
  });
});

describe('files of the cgroup', () => {
  it('are written on cgroup v2, refused on v1', { skip: isRoot() ? false : 'needs root' }, async () => {
    if (V2) {
      const read = 'cat /sys/fs/cgroup/memory.high';
      assert.equal(await inContainer(['--cgroup-conf', 'memory.high=67108864'], read), '67108864');
      return;
    }
    const { code, stderr } = await runScript(['--cgroup-conf', 'memory.high=67108864'], 'true');
    assert.equal(code, 125);
    assert.match(stderr, /--cgroup-conf is not supported on this host: it needs cgroup v2/);
    assert.equal((await tspod(['ps', '-aq'])).stdout, '');
  });
});

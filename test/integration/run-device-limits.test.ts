import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, it } from 'node:test';
import { inContainer, runScript, startSleeper } from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { isRoot } from '../fixtures/requires.ts';

const V1 = existsSync('/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device');
const V2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
const DISK = readFileSync('/proc/partitions', 'utf8')
  .split('\n')
  .map((line) => `/dev/${line.trim().split(/\s+/)[3] ?? ''}`)
  .find((path) => existsSync(path) && statSync(path).isBlockDevice());
const noDisk = isRoot() && V1 && DISK !== undefined ? false : 'needs root, blkio of cgroup v1 and a disk';

/** `major:minor` as the kernel writes them. */
function numbersOf(path: string): string {
  const rdev = statSync(path).rdev;
  return `${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`;
}

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

  it('are refused for what is no disk, and by name where no scheduler weighs disks', async () => {
    const none = await runScript(['--device-read-bps', '/dev/null:1mb'], 'true');
    assert.equal(none.code, 125);
    assert.match(none.stderr, /^Error: cannot limit \/dev\/null: not a block device/);
    const gone = await runScript(['--device-read-bps', '/dev/gone:1mb'], 'true');
    assert.match(gone.stderr, /\/dev\/gone: no such file/);
    if (existsSync('/sys/fs/cgroup/blkio/blkio.weight_device')) return;
    if (existsSync('/sys/fs/cgroup/blkio/blkio.bfq.weight_device')) return;
    const weight = await runScript(['--blkio-weight-device', `${disk}:100`], 'true');
    assert.equal(weight.code, 125);
    assert.match(weight.stderr, /--blkio-weight-device: no I\/O scheduler/);
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

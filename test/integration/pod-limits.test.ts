import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { createPod, removePod, startMember } from '../fixtures/pods.ts';
import { isRoot } from '../fixtures/requires.ts';

const ROOT = '/sys/fs/cgroup';
const isVersion1 = existsSync(join(ROOT, 'memory'));
const LIMITS = ['--memory', '64m', '--memory-swap', '96m', '--cpus', '0.5', '--cpu-shares', '512'];
const SETS = ['--cpuset-cpus', '0', '--cpuset-mems', '0'];

/** Of the pod's own cgroup. */
async function limit(pod: string, controller: string, file: string): Promise<string> {
  const path = await tspodOk(['pod', 'inspect', '--format', '{{.CgroupPath}}', pod]);
  return readFileSync(join(ROOT, isVersion1 ? controller : '', path, file), 'utf8').trim();
}

async function limitsOf(pod: string): Promise<Record<string, string>> {
  const files = isVersion1
    ? {
        memory: ['memory', 'memory.limit_in_bytes'],
        quota: ['cpu', 'cpu.cfs_quota_us'],
        shares: ['cpu', 'cpu.shares'],
        cpus: ['cpuset', 'cpuset.cpus'],
      }
    : {
        memory: ['memory', 'memory.max'],
        quota: ['cpu', 'cpu.max'],
        shares: ['cpu', 'cpu.weight'],
        cpus: ['cpuset', 'cpuset.cpus'],
      };
  const found: Record<string, string> = {};
  for (const [name, [controller = '', file = '']] of Object.entries(files))
    found[name] = await limit(pod, controller, file);
  return found;
}

const EXPECTED = isVersion1
  ? { memory: '67108864', quota: '50000', shares: '512', cpus: '0' }
  : { memory: '67108864', quota: '50000 100000', shares: '20', cpus: '0' };

describe('limits of a pod', { skip: isRoot() ? false : 'needs a cgroup of the pod' }, () => {
  it('are those of its cgroup, which its containers are in, and inspect shows them', async () => {
    const pod = await createPod([...LIMITS, ...SETS]);
    assert.deepEqual(await limitsOf(pod), EXPECTED);
    const member = await startMember(pod, ['--memory', '32m']);
    const path = await tspodOk(['pod', 'inspect', '--format', '{{.CgroupPath}}', pod]);
    const pid = await tspodOk(['inspect', '--format', '{{.State.Pid}}', member]);
    assert.ok(readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`${path}/libpod-`));
    const [document] = JSON.parse(await tspodOk(['pod', 'inspect', '--format', '[{{json .}}]', pod])) as [
      Record<string, unknown>,
    ];
    assert.equal(document['memory_limit'], 67_108_864);
    assert.equal(document['memory_swap'], 100_663_296);
    assert.equal(document['cpu_quota'], 50_000);
    assert.equal(document['cpu_period'], 100_000);
    assert.equal(document['cpu_shares'], 512);
    assert.equal(document['cpuset_cpus'], '0');
    assert.equal(document['cpuset_mems'], '0');
    await removePod(pod);
    assert.equal(existsSync(join(ROOT, isVersion1 ? 'memory' : '', path)), false);
  });

  it('hold for what its containers use together', async () => {
    const pod = await createPod(['--memory', '32m', '--memory-swap', '32m']);
    const name = freshName('greedy');
    // tail keeps what it is given: a line without an end.
    const greedy = 'head -c 100000000 /dev/zero | tail >/dev/null; echo "tail: $?"';
    const { stdout } = await tspod([
      'run',
      '--name',
      name,
      '--pod',
      pod,
      await busyboxImage(),
      'sh',
      '-c',
      greedy,
    ]);
    assert.equal(stdout, 'tail: 137\n');
    await removePod(pod);
  });

  it('come back with the cgroup, when that is gone', async () => {
    const pod = await createPod([...LIMITS, ...SETS]);
    const path = await tspodOk(['pod', 'inspect', '--format', '{{.CgroupPath}}', pod]);
    // As after a boot.
    for (const controller of isVersion1 ? ['memory', 'cpu', 'cpuset'] : [''])
      rmdirSync(join(ROOT, controller, path));
    await startMember(pod);
    assert.deepEqual(await limitsOf(pod), EXPECTED);
    await removePod(pod);
  });

  it('are taken over by a clone, as far as it is not given others', async () => {
    const pod = await createPod([...LIMITS, ...SETS]);
    const clone = freshName('pod');
    await tspodOk(['pod', 'clone', '--cpus', '0.25', pod, clone]);
    const quota = isVersion1 ? '25000' : '25000 100000';
    assert.deepEqual(await limitsOf(clone), { ...EXPECTED, quota });
    await removePod(clone);
    await removePod(pod);
  });

  it('for single devices name a block device', async () => {
    for (const [flag, cause] of [
      ['--device-read-bps=/dev/null:1mb', /cannot limit \/dev\/null: not a block device/],
      ['--device-write-bps=/dev/absent:1mb', /cannot use device \/dev\/absent/],
      ['--blkio-weight-device=/dev/null:100', /cannot limit/],
      ['--blkio-weight=5', /range of blkio weight is from 10 to 1000/],
      ['--cpuset-cpus=4000', /cannot limit pod .*cpuset\.cpus/],
    ] as const) {
      const name = freshName('pod');
      const { code, stderr } = await tspod(['pod', 'create', '--network', 'none', '--name', name, flag]);
      assert.equal(code, 125, flag);
      assert.match(stderr, cause);
      assert.equal((await tspod(['pod', 'exists', name])).code, 1);
    }
  });
});

describe('limits that a pod cannot have', () => {
  it('are refused without a cgroup of its own, and nothing of the pod is left', async () => {
    const name = freshName('pod');
    const flags = ['--network', 'none', '--memory', '64m', '--share-parent=false'];
    const { code, stderr } = await tspod(['pod', 'create', '--name', name, ...flags]);
    assert.equal(code, 125);
    assert.match(stderr, /--memory is for the cgroup of the pod, which --share-parent=false leaves out/);
    assert.equal((await tspod(['pod', 'exists', name])).code, 1);
  });

  it('are refused to a user whose host gives the pod no cgroup', {
    skip: isRoot() || !isVersion1 ? 'a user on cgroup v1' : false,
  }, async () => {
    const name = freshName('pod');
    const flags = ['--network', 'none', '--memory', '64m'];
    const { code, stderr } = await tspod(['pod', 'create', '--name', name, ...flags]);
    assert.equal(code, 125);
    assert.match(stderr, /cannot limit pod .*: this host gives it no cgroup of its own/);
    assert.equal((await tspod(['pod', 'exists', name])).code, 1);
  });
});

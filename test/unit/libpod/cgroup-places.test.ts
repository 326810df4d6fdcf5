import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mountedHierarchies, upToLast } from '../../../src/libpod/cgroup-places.ts';

describe('the cgroup of a container', () => {
  const names = ['libpod-abc', 'libpod-abc.scope'];

  test('ends with the last directory that has its name', () => {
    assert.equal(upToLast('/machine.slice/libpod-abc.scope', names), '/machine.slice/libpod-abc.scope');
    assert.equal(upToLast('/p/libpod-abc/init.scope', names), '/p/libpod-abc');
    assert.equal(upToLast('/libpod-abc/x/libpod-abc/y', names), '/libpod-abc/x/libpod-abc');
  });

  test('is not known by a part of a name', () => {
    assert.equal(upToLast('/p/libpod-abcd/x', names), undefined);
    assert.equal(upToLast('/p/libpod-conmon-abc.scope', names), undefined);
    assert.equal(upToLast('', names), undefined);
  });

  test('hierarchies are found among mounts of both versions', () => {
    const mounts = [
      '31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '32 24 0:28 /docker/1 /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      '33 24 0:29 / /proc rw - proc proc rw',
    ];
    assert.deepEqual(
      mountedHierarchies(mounts.join('\n')).map(({ controllers, mountPoint, root }) => [
        controllers.join(),
        mountPoint,
        root,
      ]),
      [
        ['rw,cpu,cpuacct', '/sys/fs/cgroup/cpu,cpuacct', '/'],
        ['', '/sys/fs/cgroup/unified', '/docker/1'],
      ],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inContainer, runScript } from '../fixtures/containers.ts';

const MOUNT = 'grep " /t " /proc/mounts';

describe('a tmpfs in a container', () => {
  it('is empty, writable, and has the options asked for', async () => {
    const line = await inContainer(
      ['--tmpfs', '/t:size=1m,mode=1750,noexec'],
      `${MOUNT}; stat -c %a /t; touch /t/f`,
    );
    assert.match(line, /^tmpfs \/t tmpfs rw,nosuid,nodev,noexec,.*size=1024k,mode=1750/);
    assert.match(line, /\n1750$/);
  });

  it('is full when it is full', async () => {
    const result = await runScript(['--tmpfs', '/t:size=1m'], 'dd if=/dev/zero of=/t/f bs=1M count=2');
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /No space left/);
  });

  it('is made by --mount with all of its keys', async () => {
    const line = await inContainer(
      ['--mount', 'type=tmpfs,dst=/t,tmpfs-size=2m,tmpfs-mode=0711,ro=false'],
      `${MOUNT}; stat -c %a /t`,
    );
    assert.match(line, /size=2048k,mode=711/);
    const readOnly = await runScript(['--mount', 'type=tmpfs,destination=/t,ro'], 'touch /t/x');
    assert.match(readOnly.stderr, /Read-only/);
    const source = await runScript(['--mount', 'type=tmpfs,src=/x,dst=/t'], 'true');
    assert.equal(source.code, 125);
    assert.match(source.stderr, /source/);
  });

  it('begins with what the image has there, unless told not to', async () => {
    assert.match(await inContainer(['--tmpfs', '/etc'], 'ls /etc'), /passwd/);
    assert.doesNotMatch(await inContainer(['--tmpfs', '/etc:notmpcopyup'], 'ls /etc'), /passwd/);
  });

  it('belongs to the container’s user with U', async () => {
    assert.equal(await inContainer(['-u', '1001:1002', '--tmpfs', '/t:U'], 'stat -c %u:%g /t'), '1001:1002');
    assert.equal(
      await inContainer(['-u', '1001:1002', '--mount', 'type=tmpfs,dst=/t,U=true'], 'stat -c %u:%g /t'),
      '1001:1002',
    );
  });

  it('is refused with words that mean nothing', async () => {
    for (const [value, words] of [
      ['relative', /relative/],
      ['/t:bogus=1', /bogus/],
    ] as const) {
      const result = await runScript(['--tmpfs', value], 'true');
      assert.equal(result.code, 125);
      assert.match(result.stderr, words);
    }
  });
});

describe('a read-only container', () => {
  it('cannot write but to its tmpfs', async () => {
    const result = await runScript(
      ['--read-only'],
      'touch /etc/x; for d in /tmp /run /var/tmp /dev/shm; do touch $d/x && echo $d; done',
    );
    assert.equal(result.stdout, '/tmp\n/run\n/var/tmp\n/dev/shm\n');
    assert.match(result.stderr, /\/etc\/x: Read-only/);
  });

  it('cannot write at all without them', async () => {
    const result = await runScript(
      ['--read-only', '--read-only-tmpfs=false'],
      'for d in / /tmp /run /dev/shm /dev; do touch $d/x && echo $d; done; true',
    );
    assert.equal(result.stdout, '');
  });
});

describe('/dev/shm', () => {
  it('has 64 MB, or the size asked for', async () => {
    assert.match(await inContainer([], 'df -k /dev/shm | tail -1'), /\s65536\s/);
    assert.match(await inContainer(['--shm-size', '10m'], 'df -k /dev/shm | tail -1'), /\s10240\s/);
    const bad = await runScript(['--shm-size', 'big'], 'true');
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /big/);
  });
});

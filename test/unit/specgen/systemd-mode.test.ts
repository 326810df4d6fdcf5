import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contextFixture, imageFixture, specOf } from './fixture.ts';

describe('a container for systemd', () => {
  it('is one that runs it, or is told to be', () => {
    const isSystemd = (systemd: string | undefined, ...command: string[]) =>
      specOf(systemd === undefined ? {} : { systemd }, contextFixture(), command).systemd === true;
    assert.ok(isSystemd(undefined, '/sbin/init'));
    assert.ok(isSystemd('true', '/usr/lib/systemd/systemd', '--system'));
    assert.ok(isSystemd('always', 'sh'));
    assert.ok(!isSystemd(undefined, 'sh', '-c', '/sbin/init'));
    assert.ok(!isSystemd('false', '/sbin/init'));
  });

  it('stops by its own signal, unless image or user say another', () => {
    const signal = (image: Record<string, unknown>, stopSignal?: string) =>
      specOf(
        { systemd: 'always', ...(stopSignal === undefined ? {} : { stopSignal }) },
        contextFixture({ image: imageFixture(image) }),
      ).stopSignal;
    assert.deepEqual([signal({}), signal({ StopSignal: 'SIGQUIT' }), signal({}, 'INT')], [37, 3, 2]);
  });

  it('leaves mounts of the user where they are', () => {
    const { mounts } = specOf({ systemd: 'always', volume: ['/host:/run'], shmSizeSystemd: '1m' });
    const at = (path: string) => mounts.filter(({ destination }) => destination === path);
    assert.deepEqual(
      at('/run').map(({ type }) => type),
      ['bind'],
    );
    assert.ok(at('/tmp')[0]?.options.includes('size=1048576'));
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import type { BundleFacts, HostFacts } from '../../../src/specgen/host-facts.ts';
import { toRuntimeSpec } from '../../../src/specgen/to-runtime-spec.ts';
import { bundleFixture, contextFixture, hostFixture, specOf } from './fixture.ts';

function configOf(options: CreateOptions, host: Partial<HostFacts> = {}, bundle: Partial<BundleFacts> = {}) {
  const context = contextFixture({
    rootless: host.rootless ?? false,
    lookupContainer: (name) => ({ id: name, name, spec: specOf({}) }),
  });
  return toRuntimeSpec(specOf(options, context), hostFixture(host), bundleFixture(bundle), () => {});
}

type Config = ReturnType<typeof configOf>;
const mountAt = (config: Config, destination: string) =>
  config.mounts.find((mount) => mount.destination === destination);

describe('the mounts of config.json', () => {
  it('put parents before what lies beneath, whatever the order of flags', () => {
    const order = configOf({ volume: ['/x:/a/b/c', '/y:/a', '/z:/a/b'] }).mounts.map(
      (mount) => mount.destination,
    );
    assert.ok(order.indexOf('/a') < order.indexOf('/a/b') && order.indexOf('/a/b') < order.indexOf('/a/b/c'));
    assert.ok(order.indexOf('/dev') < order.indexOf('/dev/pts'));
  });

  it("let the user's mount take the place of a kernel file system or a file of ours", () => {
    const managedFiles = [{ source: '/ours', destination: '/etc/hosts', options: ['bind'] }];
    const options = { volume: ['/x:/etc/hosts', '/shm:/dev/shm'] };
    const config = configOf(options, {}, { managedFiles });
    assert.equal(mountAt(config, '/etc/hosts')?.source, '/x');
    assert.equal(mountAt(config, '/dev/shm')?.source, '/shm');
    assert.equal(new Set(config.mounts.map((mount) => mount.destination)).size, config.mounts.length);
  });

  it('give /dev/shm by the IPC mode: own, joined, the host’s or none', () => {
    const sized = mountAt(configOf({ ipc: 'private', shmSize: '1m' }), '/dev/shm');
    assert.deepEqual([sized?.type, sized?.options.includes('size=1048576')], ['tmpfs', true]);
    assert.equal(mountAt(configOf({}, {}, { shmPath: '/run/shm' }), '/dev/shm')?.source, '/run/shm');
    assert.equal(mountAt(configOf({ ipc: 'host' }), '/dev/shm')?.source, '/dev/shm');
    assert.equal(mountAt(configOf({ ipc: 'none' }), '/dev/shm'), undefined);
  });

  it('bind /proc and /sys for a user who shares the namespaces that own them', () => {
    const own = configOf({ network: ['none'] }, { rootless: true });
    assert.deepEqual([mountAt(own, '/sys')?.type, mountAt(own, '/proc')?.type], ['sysfs', 'proc']);
    const shared = configOf({ network: ['host'], pid: 'host' }, { rootless: true, ownNetns: false });
    assert.deepEqual([mountAt(shared, '/sys')?.type, mountAt(shared, '/proc')?.type], ['bind', 'bind']);
    assert.equal(mountAt(shared, '/sys/fs/cgroup'), undefined);
    const root = configOf({ network: ['host'], pid: 'host' }, { ownNetns: false });
    assert.deepEqual([mountAt(root, '/sys')?.type, mountAt(root, '/proc')?.type], ['sysfs', 'proc']);
  });

  it('leave gid 5 out where the user namespace has none', () => {
    assert.ok(mountAt(configOf({}), '/dev/pts')?.options.includes('gid=5'));
    assert.ok(!mountAt(configOf({}, { ttyGroupMapped: false }), '/dev/pts')?.options.includes('gid=5'));
  });

  it("do not hand the engine's own options to the runtime", () => {
    const config = configOf({ volume: ['/x:/a:U,z', 'v:/b:nocopy'] }, {}, { volumePaths: { '/b': '/v' } });
    assert.deepEqual(mountAt(config, '/a')?.options, ['rw', 'rprivate', 'rbind']);
    assert.ok(!mountAt(config, '/b')?.options.includes('nocopy'));
  });

  it('make the root mount as shared as the mounts need', () => {
    assert.equal(configOf({ volume: ['/x:/a'] }).linux.rootfsPropagation, undefined);
    assert.equal(configOf({ volume: ['/x:/a:rslave'] }).linux.rootfsPropagation, 'rslave');
    assert.equal(configOf({ volume: ['/x:/a:rslave', '/y:/b:shared'] }).linux.rootfsPropagation, 'shared');
    const rootless = configOf({ device: ['/dev/null'] }, { rootless: true });
    assert.equal(rootless.linux.rootfsPropagation, undefined);
  });
});

describe('the namespaces of config.json', () => {
  const types = (config: Config) =>
    config.linux.namespaces.map(({ type, path }) => (path === undefined ? type : `${type}=${path}`)).sort();

  it('are new unless shared with the host', () => {
    assert.deepEqual(types(configOf({ network: ['none'] })), [
      'cgroup',
      'ipc',
      'mount',
      'network',
      'pid',
      'uts',
    ]);
    const host = { network: ['host'], pid: 'host', ipc: 'host', uts: 'host', cgroupns: 'host' };
    assert.deepEqual(types(configOf(host)), ['mount']);
  });

  it('are joined by path', () => {
    const options = { pid: 'container:a', network: ['container:a'], uts: 'ns:/u' };
    const bundle = { netnsPath: '/net', namespacePaths: { pid: '/proc/9/ns/pid', uts: '/u' } };
    const config = configOf(options, {}, bundle);
    assert.deepEqual(types(config), [
      'cgroup',
      'ipc',
      'mount',
      'network=/net',
      'pid=/proc/9/ns/pid',
      'uts=/u',
    ]);
    assert.equal(config.hostname, undefined);
  });
});

describe('the process of config.json', () => {
  it('completes HOME and HOSTNAME but keeps those that were set', () => {
    const env = (options: CreateOptions) => configOf(options).process.env;
    assert.ok(env({}).includes('HOME=/root') && env({}).includes('HOSTNAME=host'));
    assert.ok(
      env({ env: ['HOME=/x'] }).includes('HOME=/x') && !env({ env: ['HOME=/x'] }).includes('HOME=/root'),
    );
  });

  it('runs the init in front, mounted once', () => {
    const managedFiles = [{ source: '/init', destination: '/run/podman-init', options: ['bind', 'ro'] }];
    for (const bundle of [{}, { managedFiles }]) {
      const config = configOf({ init: true, initPath: process.execPath }, {}, bundle);
      assert.deepEqual(config.process.args, ['/run/podman-init', '--', 'sh']);
      assert.equal(config.mounts.filter((mount) => mount.destination === '/run/podman-init').length, 1);
    }
  });

  it('has a console size only with a terminal', () => {
    const consoleSize = { height: 24, width: 80 };
    assert.deepEqual(configOf({ tty: true }, {}, { consoleSize }).process.consoleSize, consoleSize);
    assert.equal(configOf({}, {}, { consoleSize }).process.consoleSize, undefined);
  });
});

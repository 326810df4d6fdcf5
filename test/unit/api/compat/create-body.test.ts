import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requestFromBody } from '../../../../src/api/compat/create-body.ts';
import type { CreateOptions } from '../../../../src/specgen/create-options.ts';

const options = (body: Record<string, unknown>): CreateOptions =>
  requestFromBody({ Image: 'busybox', ...body }, {}).options;
const host = (HostConfig: Record<string, unknown>, more = {}): CreateOptions =>
  options({ HostConfig, ...more });

describe('docker’s body of create', () => {
  test('becomes the words of the command line', () => {
    const {
      image,
      command,
      options: found,
    } = requestFromBody(
      {
        Image: 'busybox',
        Cmd: ['echo', 'a b'],
        Entrypoint: ['sh', '-c'],
        Env: ['A=b', 'GONE'],
        Labels: { k: 'v' },
        Tty: true,
        OpenStdin: true,
        StopTimeout: 3,
      },
      { name: 'web' },
    );
    assert.equal(image, 'busybox');
    assert.deepEqual(command, ['echo', 'a b']);
    assert.equal(found.name, 'web');
    assert.equal(found.entrypoint, '["sh","-c"]');
    assert.deepEqual([found.env, found.unsetenv], [['A=b'], ['GONE']]);
    assert.deepEqual(
      [found.label, found.tty, found.interactive, found.stopTimeout],
      [['k=v'], true, true, 3],
    );
  });

  test('takes null and zero for "not set", as Go’s clients mean them', () => {
    const found = host({
      Memory: 0,
      NanoCpus: 0,
      CapAdd: null,
      RestartPolicy: { Name: '' },
      PidsLimit: null,
    });
    for (const key of ['memory', 'cpus', 'restart', 'pidsLimit'] as const)
      assert.equal(key in found, false, key);
    assert.deepEqual(found.capAdd, []);
  });

  test('publishes ports with and without an address, IPv6 in brackets, free ones as free', () => {
    const { publish } = host({
      PortBindings: {
        '80/tcp': [
          { HostIp: '', HostPort: '8080' },
          { HostIp: '127.0.0.1', HostPort: '' },
        ],
        '53/udp': [{ HostIp: '::1', HostPort: '5353' }],
        '90/tcp': [{ HostPort: '0' }],
        '91/tcp': null,
      },
    });
    assert.deepEqual(publish, ['8080:80/tcp', '127.0.0.1::80/tcp', '[::1]:5353:53/udp', '90/tcp']);
  });

  test('joins the networks that it names, with aliases and addresses', () => {
    const NetworkingConfig = {
      EndpointsConfig: { shop: { Aliases: ['db'], IPAMConfig: { IPv4Address: '10.1.0.5' } }, other: null },
    };
    assert.deepEqual(host({ NetworkMode: 'shop' }, { NetworkingConfig }).network, [
      'shop:ip=10.1.0.5,alias=db',
      'other',
    ]);
    assert.equal(host({ NetworkMode: 'default' }).network, undefined);
    assert.deepEqual(host({ NetworkMode: 'none' }).network, ['none']);
    const hostile = { EndpointsConfig: { shop: { Aliases: ['a,ip=1.2.3.4'] } } };
    assert.throws(() => host({ NetworkMode: 'shop' }, { NetworkingConfig: hostile }));
  });

  test('keeps a value with a comma in it one value', () => {
    const { mount } = host({ Mounts: [{ Type: 'bind', Source: '/a,ro', Target: '/b"c' }] });
    assert.deepEqual(mount, ['type=bind,"source=/a,ro","destination=/b""c"']);
  });

  test('does not mount twice what clients repeat in Volumes', () => {
    const { volume } = host({ Binds: ['/x:/data:ro'] }, { Volumes: { '/data': {}, '/cache': {} } });
    assert.deepEqual(volume, ['/x:/data:ro', '/cache']);
  });

  test('takes a health check, and none', () => {
    const found = options({ Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 1e9, Retries: 2 } });
    assert.deepEqual(
      [found.healthCmd, found.healthInterval, found.healthRetries],
      ['["CMD-SHELL","true"]', '1000000000ns', 2],
    );
    assert.equal(options({ Healthcheck: { Test: ['NONE'] } }).noHealthcheck, true);
  });

  test('refuses by name what it cannot honour, and values of the wrong kind', () => {
    assert.throws(() => host({ Cgroup: 'container:x' }), /HostConfig.Cgroup is not supported/);
    assert.throws(() => host({ DeviceRequests: [{}] }), /HostConfig\.DeviceRequests .* not supported/);
    assert.throws(() => host({ Isolation: 'hyperv' }), /HostConfig.Isolation "hyperv" is not supported/);
    assert.throws(() => host({ Memory: '64m' }), /invalid value for Memory/);
    assert.throws(() => options({ Cmd: [1] }), /invalid value for Cmd/);
    assert.throws(() => requestFromBody({}, {}), /no image/);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AlreadyExistsError,
  ConflictError,
  InvalidSpecError,
  UnsupportedError,
} from '../../../src/base/errors.ts';
import { composeNetwork, type NewNetwork, type Surroundings } from '../../../src/network/compose-network.ts';
import { freeIpv4Subnet, subnetText } from '../../../src/network/free-subnet.ts';
import { parseSubnet, type Subnet } from '../../../src/network/ip-address.ts';

const EMPTY: Surroundings = { networks: [], routed: [], interfaces: new Set() };
const subnet = (text: string): Subnet => parseSubnet(text) ?? assert.fail(text);
const compose = (request: NewNetwork, around: Partial<Surroundings> = {}) =>
  composeNetwork(request, { ...EMPTY, ...around });

describe('a new network', () => {
  test('gets the first subnet and bridge that are free', () => {
    const first = compose({ name: 'a' });
    const second = compose(
      { name: 'b' },
      { networks: [first], routed: [subnet('10.89.1.0/25')], interfaces: new Set(['podman2']) },
    );
    assert.deepEqual(
      [first.network_interface, first.subnets],
      ['podman1', [{ subnet: '10.89.0.0/24', gateway: '10.89.0.1' }]],
    );
    assert.deepEqual(
      [second.network_interface, second.subnets],
      ['podman3', [{ subnet: '10.89.2.0/24', gateway: '10.89.2.1' }]],
    );
  });

  test('is named after its bridge when it has no name', () => {
    assert.equal(compose({}, { networks: [compose({ name: 'podman1' })] }).name, 'podman2');
  });

  test('has a gateway inside only where its resolver needs one', () => {
    assert.equal(compose({ name: 'a', internal: true }).subnets?.[0]?.gateway, '10.89.0.1');
    assert.equal(compose({ name: 'a', internal: true, disableDns: true }).subnets?.[0]?.gateway, undefined);
  });

  test('with IPv6 gets a random unique local subnet besides', () => {
    const [four, six] = compose({ name: 'a', ipv6: true }).subnets ?? [];
    assert.equal(four?.subnet, '10.89.0.0/24');
    assert.match(six?.subnet ?? '', /^fd[0-9a-f]{2}:.*::\/64$/);
    const only = compose({ name: 'b', ipv6: true, subnets: ['fd00:1::/64'] });
    assert.deepEqual(only.subnets, [{ subnet: 'fd00:1::/64', gateway: 'fd00:1::1' }]);
  });

  test('keeps ranges inside its subnets', () => {
    const { subnets } = compose({ name: 'a', subnets: ['10.1.0.0/24'], ipRanges: ['10.1.0.10-10.1.0.20'] });
    assert.deepEqual(subnets?.[0]?.lease_range, { start_ip: '10.1.0.10', end_ip: '10.1.0.20' });
    for (const range of ['10.2.0.0/25', '10.1.0.9-10.1.1.1', '10.1.0.20-10.1.0.10', 'x'])
      assert.throws(
        () => compose({ name: 'a', subnets: ['10.1.0.0/24'], ipRanges: [range] }),
        InvalidSpecError,
        range,
      );
  });

  test('is refused where it cannot be had', () => {
    const there = compose({ name: 'there', subnets: ['10.1.0.0/16'], interfaceName: 'br0' });
    const around = { networks: [there], interfaces: new Set(['eth0']) };
    for (const [request, error] of [
      [{ name: 'there' }, AlreadyExistsError],
      [{ name: 'a', subnets: ['10.1.2.0/24'] }, ConflictError],
      [{ name: 'a', subnets: ['10.2.0.0/24', '10.2.0.0/25'] }, InvalidSpecError],
      [{ name: 'a', interfaceName: 'br0' }, ConflictError],
      [{ name: 'a', interfaceName: 'eth0' }, ConflictError],
      [{ name: 'a', driver: 'macvlan' }, InvalidSpecError],
      [
        { name: 'a', driver: 'macvlan', subnets: ['10.3.0.0/24'], options: { parent: 'eth9' } },
        InvalidSpecError,
      ],
      [{ name: 'a', driver: 'weave' }, UnsupportedError],
      [{ name: 'a', options: { 'com.docker.network.bridge.enable_icc': 'false' } }, InvalidSpecError],
      [{ name: 'a', dnsServers: ['1.1.1.1'], disableDns: true }, InvalidSpecError],
      [{ name: 'a', routes: ['10.9.0.0/16'] }, InvalidSpecError],
      [{ name: 'a', ipamDriver: 'dhcp' }, UnsupportedError],
    ] as const)
      assert.throws(() => compose(request, around), error, JSON.stringify(request));
  });

  test('on an interface of the host has the subnet that is there, and no names', () => {
    const made = compose(
      {
        name: 'a',
        driver: 'macvlan',
        subnets: ['192.168.1.0/24'],
        options: { parent: 'eth0', mode: 'private' },
      },
      { routed: [subnet('192.168.1.0/24')], interfaces: new Set(['eth0']) },
    );
    assert.deepEqual(
      [made.network_interface, made.dns_enabled, made.options],
      ['eth0', false, { mode: 'private' }],
    );
  });
});

describe('free subnets', () => {
  test('begin behind what is taken', () => {
    const taken = ['10.89.0.0/16', '10.90.0.0/15', '10.92.0.0/14', '10.96.0.0/24'].map(subnet);
    assert.equal(subnetText(freeIpv4Subnet(taken)), '10.96.1.0/24');
  });

  test('come from the pools that are configured', () => {
    const pools = [
      { base: '172.30.0.0/29', size: 30 },
      { base: '172.31.0.0/24', size: 28 },
    ];
    const taken = [subnet('172.30.0.0/29')];
    assert.equal(subnetText(freeIpv4Subnet([], pools)), '172.30.0.0/30');
    assert.equal(subnetText(freeIpv4Subnet(taken, pools)), '172.31.0.0/28');
    for (const wrong of [
      { base: 'here', size: 24 },
      { base: 'fd00::/64', size: 80 },
      { base: '10.0.0.0/16', size: 8 },
      { base: '10.0.0.0/16', size: 31 },
    ])
      assert.throws(() => freeIpv4Subnet([], [wrong]), /^InvalidSpecError: default_subnet_pools/);
  });

  test('are none where a route takes all pools', () => {
    assert.throws(() => freeIpv4Subnet([subnet('10.0.0.0/8')]), ConflictError);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { InvalidSpecError, NotFoundError } from '../../../src/base/errors.ts';
import { defaultNetwork } from '../../../src/network/default-network.ts';
import { parseRoutes } from '../../../src/network/host-routes.ts';
import { formatIp, parseSubnet } from '../../../src/network/ip-address.ts';
import { DEFAULT_NETWORK_ID } from '../../../src/network/network-definition.ts';
import { getNetwork, listNetworks } from '../../../src/network/network-store.ts';

let graphRoot: string;
beforeEach(() => {
  graphRoot = mkdtempSync(join(tmpdir(), 'tspod-default-network-'));
});
afterEach(() => rmSync(graphRoot, { recursive: true }));

const places = () => ({ directory: join(graphRoot, 'networks.d'), graphRoot, defaultSubnet: undefined });

test('the default network keeps the subnet it once chose, even when that is taken later', () => {
  const first = defaultNetwork({ graphRoot, subnet: undefined, taken: () => [] });
  const subnet = first.subnets?.[0]?.subnet ?? '';
  const taken = parseSubnet(subnet);
  assert.ok(taken);
  assert.deepEqual(defaultNetwork({ graphRoot, subnet: undefined, taken: () => [taken] }), first);
  assert.notEqual(subnet, '10.88.0.0/16', 'podman has that one');
  assert.notEqual(first.network_interface, 'podman0');
});

test('a subnet that something uses is not chosen', () => {
  const first = defaultNetwork({ graphRoot, subnet: undefined, taken: () => [] }).subnets?.[0]?.subnet ?? '';
  rmSync(join(graphRoot, 'default-network.json'));
  const taken = parseSubnet(first);
  assert.ok(taken);
  const second = defaultNetwork({ graphRoot, subnet: undefined, taken: () => [taken] }).subnets?.[0]?.subnet;
  assert.notEqual(second, first);
});

test('a configured subnet wins, also later', () => {
  defaultNetwork({ graphRoot, subnet: undefined, taken: () => [] });
  const network = defaultNetwork({ graphRoot, subnet: '192.168.77.0/24', taken: () => [] });
  assert.deepEqual(network.subnets, [{ subnet: '192.168.77.0/24', gateway: '192.168.77.1' }]);
  assert.throws(() => defaultNetwork({ graphRoot, subnet: 'fd00::/64', taken: () => [] }), InvalidSpecError);
});

test('every graph root has a bridge of its own, named so that the kernel takes it', () => {
  const one = defaultNetwork({ graphRoot, subnet: undefined, taken: () => [] }).network_interface ?? '';
  const other = mkdtempSync(join(tmpdir(), 'tspod-default-network-'));
  const two = defaultNetwork({ graphRoot: other, subnet: undefined, taken: () => [] }).network_interface;
  rmSync(other, { recursive: true });
  assert.notEqual(one, two);
  assert.ok(`${one}-a`.length <= 15, one);
});

test('the routes of the host are read from the kernel, the default route aside', () => {
  const table = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    'tun0\t0000570A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    '',
  ].join('\n');
  const found = parseRoutes(table).map(
    ({ first, prefix }) => `${formatIp({ family: 4, value: first })}/${prefix}`,
  );
  assert.deepEqual(found, ['192.0.2.0/24', '10.87.0.0/16']);
});

test('the default network answers to podman’s name and id and to docker’s name', () => {
  for (const name of ['podman', 'bridge', 'default', DEFAULT_NETWORK_ID]) {
    assert.equal(getNetwork(places(), name).id, DEFAULT_NETWORK_ID, name);
  }
});

test('networks of podman’s files are found by name, id and unique start of it; a damaged file harms only itself', () => {
  const place = places();
  const define = (name: string, id: string): void => {
    const definition = {
      name,
      id,
      driver: 'bridge',
      ipv6_enabled: false,
      internal: false,
      dns_enabled: true,
    };
    writeFileSync(join(place.directory, `${name}.json`), JSON.stringify(definition));
  };
  assert.deepEqual(
    listNetworks(place).map(({ name }) => name),
    ['podman'],
  );
  assert.throws(() => getNetwork(place, 'web'), NotFoundError);
  rmSync(place.directory, { recursive: true, force: true });
  place.directory = mkdtempSync(join(graphRoot, 'networks-'));
  define('web', 'abc123');
  define('db', 'abd456');
  writeFileSync(join(place.directory, 'broken.json'), '{"name": 1}');
  assert.equal(getNetwork(place, 'web').id, 'abc123');
  assert.equal(getNetwork(place, 'abd').name, 'db');
  assert.equal(getNetwork(place, 'abc123').name, 'web');
  assert.throws(() => getNetwork(place, 'ab'), /ambiguous/);
  assert.throws(() => getNetwork(place, 'broken'), /broken\.json does not describe a network/);
  assert.throws(() => getNetwork(place, '../etc/passwd'), NotFoundError);
  assert.deepEqual(
    listNetworks(place).map(({ name }) => name),
    ['podman', 'db', 'web'],
  );
});

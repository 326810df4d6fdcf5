import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { InUseError, InvalidSpecError } from '../../../src/base/errors.ts';
import {
  leaseAddresses,
  listLeases,
  releaseAddress,
  releaseWhere,
} from '../../../src/network/address-leases.ts';
import type { NetworkDefinition, NetworkSubnet } from '../../../src/network/network-definition.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tspod-leases-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function network(...subnets: NetworkSubnet[]): NetworkDefinition {
  return {
    name: 'net',
    id: 'ab',
    driver: 'bridge',
    subnets,
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
  };
}
const SMALL = network({ subnet: '10.9.0.0/29', gateway: '10.9.0.1' });

interface Asked {
  wanted?: string[];
  live?: string[];
}
function lease(definition: NetworkDefinition, containerId: string, asked: Asked = {}): string[] {
  const { wanted = [], live } = asked;
  const isLive = (id: string): boolean => live === undefined || live.includes(id);
  return leaseAddresses(folder, { network: definition, containerId, wanted, isLive });
}

test('addresses are given out one after the other, gateway, network and broadcast address excepted', () => {
  const all = ['a', 'b', 'c', 'd', 'e'].flatMap((id) => lease(SMALL, id));
  assert.deepEqual(all, ['10.9.0.2', '10.9.0.3', '10.9.0.4', '10.9.0.5', '10.9.0.6']);
});

test('a freed address rests until all others had their turn', () => {
  const [first = ''] = lease(SMALL, 'a');
  releaseAddress(folder, 'net', first, 'a');
  assert.deepEqual(lease(SMALL, 'b'), ['10.9.0.3']);
  for (const id of ['c', 'd', 'e']) lease(SMALL, id);
  assert.deepEqual(lease(SMALL, 'f'), ['10.9.0.2']);
});

test('a full network takes back what dead containers hold, and says so when there is none', () => {
  for (const id of ['a', 'b', 'c', 'd', 'e']) lease(SMALL, id);
  assert.throws(() => lease(SMALL, 'f'), InUseError);
  assert.deepEqual(lease(SMALL, 'f', { live: ['a', 'c', 'd', 'e'] }), ['10.9.0.3']);
});

test('an address asked for is given, refused while another live container has it, and taken from a dead one', () => {
  assert.deepEqual(lease(SMALL, 'a', { wanted: ['10.9.0.5'] }), ['10.9.0.5']);
  assert.deepEqual(lease(SMALL, 'a', { wanted: ['10.9.0.5'] }), ['10.9.0.5']);
  assert.throws(
    () => lease(SMALL, 'b', { wanted: ['10.9.0.5'] }),
    /10\.9\.0\.5 of network net is in use by container a/,
  );
  assert.deepEqual(lease(SMALL, 'b', { wanted: ['10.9.0.5'], live: [] }), ['10.9.0.5']);
});

test('an address outside, of the gateway or malformed is refused and nothing stays taken', () => {
  for (const wanted of ['10.10.0.5', '10.9.0.1', 'ten']) {
    assert.throws(
      () => lease(SMALL, 'a', { wanted: [wanted] }),
      (error) => {
        assert.ok(error instanceof InvalidSpecError || error instanceof InUseError);
        return true;
      },
    );
  }
  assert.deepEqual(listLeases(folder, 'net'), []);
});

test('a network of two families gives one address of each', () => {
  const both = network({ subnet: '10.9.0.0/24' }, { subnet: 'fd00:1::/64', gateway: 'fd00:1::1' });
  assert.deepEqual(lease(both, 'a'), ['10.9.0.2', 'fd00:1::2']);
  assert.deepEqual(lease(both, 'b', { wanted: ['fd00:1::99'] }), ['10.9.0.3', 'fd00:1::99']);
});

test('a lease range is kept to', () => {
  const ranged = network({
    subnet: '10.9.0.0/24',
    gateway: '10.9.0.1',
    lease_range: { start_ip: '10.9.0.100', end_ip: '10.9.0.101' },
  });
  assert.deepEqual(lease(ranged, 'a'), ['10.9.0.100']);
  assert.deepEqual(lease(ranged, 'b'), ['10.9.0.101']);
  assert.throws(() => lease(ranged, 'c'), InUseError);
});

test('a lease is released by its owner only, or by a sweep', () => {
  lease(SMALL, 'a');
  releaseAddress(folder, 'net', '10.9.0.2', 'b');
  assert.deepEqual(listLeases(folder, 'net'), [{ address: '10.9.0.2', containerId: 'a' }]);
  assert.deepEqual(
    releaseWhere(folder, (id) => id === 'a'),
    ['net/10.9.0.2'],
  );
  assert.deepEqual(listLeases(folder, 'net'), []);
});

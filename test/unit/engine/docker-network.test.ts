import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockerNetworkDocument } from '../../../src/engine/docker-network.ts';
import { DEFAULT_NETWORK_ID, type NetworkDefinition } from '../../../src/network/network-definition.ts';

const NETWORK: NetworkDefinition = {
  name: 'shop_back',
  id: 'a'.repeat(64),
  driver: 'bridge',
  ipv6_enabled: false,
  internal: false,
  dns_enabled: true,
  network_interface: 'podman3',
  options: { mtu: '1400' },
};

test('a network tells the name of its bridge only where somebody chose it, or it is the default one', () => {
  const options = (network: NetworkDefinition): unknown => dockerNetworkDocument(network, [])['Options'];
  assert.deepEqual(options(NETWORK), { 'com.docker.network.driver.mtu': '1400' });
  assert.deepEqual(options({ ...NETWORK, options: {}, network_interface: 'own0' }), {
    'com.docker.network.bridge.name': 'own0',
  });
  assert.deepEqual(
    options({ ...NETWORK, options: {}, id: DEFAULT_NETWORK_ID, network_interface: 'podman0' }),
    {
      'com.docker.network.bridge.name': 'podman0',
    },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  composeNetavarkInput,
  netavarkComplaint,
  parseNetavarkAnswer,
} from '../../../src/network/netavark-input.ts';
import { DEFAULT_NETWORK_ID, type NetworkDefinition } from '../../../src/network/network-definition.ts';

const DEFAULT: NetworkDefinition = {
  name: 'podman',
  id: DEFAULT_NETWORK_ID,
  driver: 'bridge',
  network_interface: 'tspod0',
  subnets: [{ subnet: '10.87.0.0/16', gateway: '10.87.0.1' }],
  ipv6_enabled: false,
  internal: false,
  dns_enabled: false,
};
const NAMED: NetworkDefinition = {
  ...DEFAULT,
  name: 'web',
  id: 'ff',
  network_interface: 'podman1',
  dns_enabled: true,
};
const ATTACHMENT = { aliases: ['db'], staticIps: [], staticMac: undefined, interfaceName: undefined };
const REQUEST = {
  containerId: '0123456789abcdef',
  containerName: 'c',
  hostname: 'h',
  netnsPath: '/n',
  attachments: [],
  ports: [{ hostIp: '', hostPort: 8080, containerPort: 80, protocol: 'tcp' as const, range: 2 }],
  dnsServers: [],
};

test('the default network goes to netavark under its bridge’s name, so that its firewall chains are not podman’s', () => {
  const input = composeNetavarkInput(REQUEST, [
    { definition: DEFAULT, attachment: { name: 'podman', ...ATTACHMENT }, addresses: ['10.87.0.2'] },
    { definition: NAMED, attachment: { name: 'web', ...ATTACHMENT }, addresses: ['10.89.0.2'] },
  ]);
  assert.deepEqual(input.networks, {
    tspod0: { interface_name: 'eth0', static_ips: ['10.87.0.2'] },
    web: { interface_name: 'eth1', static_ips: ['10.89.0.2'], aliases: ['db', '0123456789ab'] },
  });
  assert.equal(input.network_info['tspod0']?.name, 'tspod0');
  assert.deepEqual(input.port_mappings, [
    { host_ip: '', host_port: 8080, container_port: 80, protocol: 'tcp', range: 2 },
  ]);
  assert.equal('dns_servers' in input, false);
});

test('the answer comes back under the names that users know', () => {
  const answer = {
    tspod0: {
      dns_search_domains: null,
      dns_server_ips: ['10.87.0.1'],
      interfaces: {
        eth0: { mac_address: 'aa:bb', subnets: [{ gateway: '10.87.0.1', ipnet: '10.87.0.2/16' }] },
      },
    },
  };
  assert.deepEqual(parseNetavarkAnswer(JSON.stringify(answer), { tspod0: { ...DEFAULT, name: 'tspod0' } }), {
    networks: {
      podman: {
        interfaces: [
          { name: 'eth0', mac: 'aa:bb', addresses: [{ ipnet: '10.87.0.2/16', gateway: '10.87.0.1' }] },
        ],
        dnsServers: ['10.87.0.1'],
        dnsSearch: [],
        id: DEFAULT.id,
        driver: 'bridge',
      },
    },
  });
  assert.throws(
    () => parseNetavarkAnswer('oops', {}),
    /netavark answered with something else than JSON: oops/,
  );
});

test('netavark’s reason is found in its JSON, or else in what it printed', () => {
  assert.equal(netavarkComplaint('{"error":"no such bridge"}\n', 'x'), 'no such bridge');
  assert.equal(netavarkComplaint('', 'panicked\n'), 'panicked');
  assert.equal(netavarkComplaint('', ''), 'no reason given');
});

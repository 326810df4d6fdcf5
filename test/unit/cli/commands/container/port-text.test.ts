import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portText } from '../../../../../src/cli/commands/container/port-text.ts';

type Port = Parameters<typeof portText>[0][number];

function port(hostPort: number, containerPort: number, more: Partial<Port> = {}): Port {
  return { hostIp: '', hostPort, containerPort, protocol: 'tcp', range: 1, ...more };
}

describe('ports of ps', () => {
  test('a port without an address is published on all of them', () => {
    assert.equal(portText([port(8080, 80)], []), '0.0.0.0:8080->80/tcp');
  });

  test('an IPv6 address stands in brackets', () => {
    assert.equal(portText([port(53, 53, { hostIp: '::1', protocol: 'udp' })], []), '[::1]:53->53/udp');
  });

  test('mappings that continue each other are one range', () => {
    assert.equal(
      portText([port(8000, 80), port(8001, 81), port(9000, 90, { range: 2 })], []),
      '0.0.0.0:8000-8001->80-81/tcp, 0.0.0.0:9000-9001->90-91/tcp',
    );
  });

  test('a range ends where the protocol or the address changes', () => {
    assert.equal(
      portText(
        [port(8000, 80), port(8001, 81, { protocol: 'udp' }), port(8002, 82, { hostIp: '127.0.0.1' })],
        [],
      ),
      '0.0.0.0:8000->80/tcp, 0.0.0.0:8001->81/udp, 127.0.0.1:8002->82/tcp',
    );
  });

  test('exposed ports follow, those that are published not again, neighbours as a range', () => {
    assert.equal(
      portText([port(8080, 80)], ['80/tcp', '443/tcp', '444/tcp', '53/udp']),
      '0.0.0.0:8080->80/tcp, 443-444/tcp, 53/udp',
    );
  });

  test('the mappings it was given stay as they are', () => {
    const ports = [port(1, 1), port(2, 2)];
    portText(ports, []);
    assert.deepEqual(ports, [port(1, 1), port(2, 2)]);
  });
});

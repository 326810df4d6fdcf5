import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { ConflictError, InvalidSpecError } from '../../../src/base/errors.ts';
import { reserveHostPorts } from '../../../src/network/host-ports.ts';
import { containerOf } from '../../../src/network/port-holder.ts';
import { drawHostPort } from '../../../src/network/published-ports.ts';
import type { PortMapping } from '../../../src/specgen/container-spec.ts';

const mapping = (hostPort: number, range = 1): PortMapping => ({
  hostIp: '127.0.0.1',
  hostPort,
  containerPort: 80,
  protocol: 'tcp',
  range,
});

test('a reserved port is nobody else’s until it is closed', () => {
  const port = drawHostPort({ hostIp: '127.0.0.1', protocol: 'tcp', length: 1 });
  const reservation = reserveHostPorts([mapping(port)]);
  assert.equal(reservation.fds.length, 1);
  assert.throws(
    () => reserveHostPorts([mapping(port)]),
    (error) => {
      assert.ok(error instanceof ConflictError);
      assert.match(
        error.message,
        new RegExp(`listen tcp4 127\\.0\\.0\\.1:${port}: bind: address already in use`),
      );
      return true;
    },
  );
  reservation.close();
  reservation.close();
  reserveHostPorts([mapping(port)]).close();
});

test('when one port of several is taken none stays reserved', async () => {
  const first = drawHostPort({ hostIp: '127.0.0.1', protocol: 'tcp', length: 3 });
  const server = createServer().listen(first + 2, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  assert.throws(() => reserveHostPorts([mapping(first, 3)]), ConflictError);
  reserveHostPorts([mapping(first, 2)]).close();
  server.close();
});

test('an address that the host does not have is named', () => {
  assert.throws(() => reserveHostPorts([{ ...mapping(40001), hostIp: '198.51.100.7' }]), InvalidSpecError);
});

test('drawn ports differ', () => {
  const ports = Array.from({ length: 50 }, () => drawHostPort({ hostIp: '', protocol: 'udp', length: 1 }));
  assert.equal(new Set(ports).size, 50);
});

test('the container behind a monitor or a pasta is known by its command line', () => {
  const id = 'ab'.repeat(32);
  assert.equal(containerOf(['/usr/libexec/tspod-monitor', '-c', id, '-n', 'web']), 'web');
  assert.equal(containerOf(['/usr/bin/conmon', '--api-version', '1', '-c', id]), 'abababababab');
  assert.equal(containerOf(['/usr/bin/pasta', '--netns', `/run/tspod/netns/${id}`]), 'abababababab');
  assert.equal(containerOf(['/usr/sbin/nginx', '-n', 'x']), undefined);
});

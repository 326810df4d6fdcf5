import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidSpecError } from '../../../src/base/errors.ts';
import { pastaArguments } from '../../../src/network/pasta.ts';
import type { PortMapping } from '../../../src/specgen/container-spec.ts';

const CONFIG = {
  helperBinariesDir: [],
  firewallDriver: undefined,
  pastaOptions: [] as string[],
  dnsBindPort: 0,
  netavarkPluginDirs: [],
  networkConfigDir: undefined,
  defaultSubnet: undefined,
};

function args(options: string[] = [], ports: PortMapping[] = [], pastaOptions: string[] = []): string {
  const config = { ...CONFIG, pastaOptions };
  return pastaArguments({ config, netnsPath: '/n', pidFile: '/p', ports, options }, true).join(' ');
}

test('by default nothing is forwarded and the gateway is not the host', () => {
  assert.equal(
    args(),
    '--config-net --dns-forward 169.254.1.1 -t none -u none -T none -U none --no-map-gw --quiet --pid /p --netns /n --map-guest-addr 169.254.1.2',
  );
});

test('ports become forwards of their protocol', () => {
  const port = { hostIp: '127.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'tcp' as const, range: 3 };
  const text = args([], [port, { ...port, hostIp: '', protocol: 'udp', range: 1 }]);
  assert.match(text, /-t 127\.0\.0\.1\/8080-8082:80-82 -u 8080-8080:80-80 /);
  assert.doesNotMatch(text, /-[tu] none/);
  assert.throws(() => args([], [{ ...port, protocol: 'sctp' }]), InvalidSpecError);
});

test('options of the user replace defaults, in both spellings', () => {
  const text = args(['--map-gw', '-T', 'auto', '--dns-forward=10.0.0.9', '--map-guest-addr', 'none', '-d']);
  for (const absent of ['--map-gw', '--no-map-gw', '169.254', '-T none', '--quiet'])
    assert.ok(!text.includes(absent), absent);
});

test('options of containers.conf come before those of the command line', () => {
  assert.match(args(['--mtu', '1400'], [], ['--mtu', '9000']), /--config-net --mtu 9000 --mtu 1400/);
});

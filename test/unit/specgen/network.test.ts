import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CreateOptions } from '../../../src/specgen/create-options.ts';
import { contextFixture, specOf } from './fixture.ts';

const networkOf = (options: CreateOptions, changes = {}) => specOf(options, contextFixture(changes)).network;

describe('--network', () => {
  it('defaults to the default bridge for root and to pasta for a user', () => {
    const root = networkOf({}).mode;
    assert.equal(root.mode === 'bridge' && root.networks[0]?.name, 'podman');
    assert.deepEqual(networkOf({}, { rootless: true }).mode, { mode: 'pasta', options: [] });
  });

  it('reads modes, names and their options', () => {
    assert.deepEqual(networkOf({ network: ['none'] }).mode, { mode: 'none' });
    assert.deepEqual(networkOf({ network: ['ns:/run/netns/x'] }).mode, { mode: 'ns', path: '/run/netns/x' });
    assert.deepEqual(networkOf({ network: ['pasta:-T,80'] }).mode, { mode: 'pasta', options: ['-T', '80'] });
    assert.deepEqual(networkOf({ network: ['bridge'] }).mode, networkOf({ network: ['default'] }).mode);
    assert.deepEqual(
      networkOf({ network: ['mine:ip=10.1.2.3,mac=AA-bb-cc-00-11-22,alias=a,interface_name=eth9'] }).mode,
      {
        mode: 'bridge',
        networks: [
          {
            name: 'mine',
            aliases: ['a'],
            staticIps: ['10.1.2.3'],
            staticMac: 'aa:bb:cc:00:11:22',
            interfaceName: 'eth9',
          },
        ],
      },
    );
  });

  it('joins several networks, and gives --ip and --network-alias to a single one', () => {
    const { mode } = networkOf({ network: ['a', 'b'], networkAlias: ['x'] });
    assert.deepEqual(mode.mode === 'bridge' && mode.networks.map((n) => [n.name, n.aliases]), [
      ['a', ['x']],
      ['b', ['x']],
    ]);
    const single = networkOf({ network: ['a'], ip: '10.0.0.5', ip6: 'fd00::5' }).mode;
    assert.deepEqual(single.mode === 'bridge' && single.networks[0]?.staticIps, ['10.0.0.5', 'fd00::5']);
  });

  const bad: [CreateOptions, RegExp][] = [
    [
      { network: ['none', 'a'] },
      /cannot set multiple networks without bridge network mode, selected mode none/,
    ],
    [{ network: ['a', 'host'] }, /selected mode host/],
    [{ network: ['a', 'a'] }, /network "a" is given more than once/],
    [{ network: ['a', 'b'], ip: '10.0.0.1' }, /can only be set for a single network/],
    [{ network: ['host'], ip: '10.0.0.1' }, /need a bridge network, selected mode is host/],
    [{ network: ['none'], networkAlias: ['x'] }, /--network-alias with mode none/],
    [{ ip: 'bogus' }, /"bogus" is not an ip address/],
    [{ macAddress: 'bogus' }, /invalid MAC address/],
    [{ network: ['a:bogus=1'] }, /unknown bridge network option: bogus/],
    [{ network: ['ns:x'] }, /needs an absolute path/],
    [{ network: ['container:'] }, /needs a container name/],
    [{ network: ['container:gone'] }, /no such container: gone/],
    [{ dns: ['bogus'] }, /invalid --dns "bogus"/],
    [{ addHost: ['a:bogus'] }, /"bogus" is not an IP address/],
    [{ addHost: ['1.2.3.4'] }, /must be host:ip/],
  ];
  for (const [options, message] of bad)
    it(`refuses ${JSON.stringify(options)}`, () => assert.throws(() => networkOf(options), message));

  it('reads all forms of --add-host', () => {
    const { addHosts } = networkOf({ addHost: ['a:10.0.0.1', 'b;c:fd00::1', 'd=[::1]', 'e:host-gateway'] });
    assert.deepEqual(addHosts, ['a:10.0.0.1', 'b:fd00::1', 'c:fd00::1', 'd:::1', 'e:host-gateway']);
  });
});

it('the name of an interface is one that the kernel takes, and no path', () => {
  for (const name of ['../../x', 'a/b', '..', 'a b', 'sixteen-letters-', 'a:b'])
    assert.throws(
      () => networkOf({ network: [`mine:interface_name=${name}`] }),
      /invalid interface name/,
      name,
    );
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { requires } from '../fixtures/requires.ts';
import {
  makeTestRoot,
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeNetwork, withoutBridges } from '../fixtures/networks.ts';

const folder = () => join(testRoot().base, 'networks');
const definition = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder(), `${name}.json`), 'utf8')) as Record<string, unknown>;

before(() => busyboxImage());

describe('network create', () => {
  test('writes the file that podman writes', async () => {
    const name = freshName('file');
    const flags = ['--subnet', '10.213.0.7/24', '--ip-range', '10.213.0.128/25', '--label', 'a=b'];
    assert.equal(await tspodOk(['network', 'create', ...flags, '-o', 'mtu=1400', name]), name);
    const { id, created, network_interface: bridge, ...rest } = definition(name);
    assert.match(String(id), /^[0-9a-f]{64}$/);
    assert.ok(Date.parse(String(created)) > Date.now() - 600_000);
    assert.match(String(bridge), /^podman\d+$/);
    assert.deepEqual(rest, {
      name,
      driver: 'bridge',
      subnets: [
        {
          subnet: '10.213.0.0/24',
          gateway: '10.213.0.1',
          lease_range: { start_ip: '10.213.0.129', end_ip: '10.213.0.255' },
        },
      ],
      ipv6_enabled: false,
      internal: false,
      dns_enabled: true,
      labels: { a: 'b' },
      options: { mtu: '1400' },
      ipam_options: { driver: 'host-local' },
    });
    await tspodOk(['network', 'rm', name]);
    assert.equal(existsSync(join(folder(), `${name}.json`)), false);
  });

  test('writes it where --network-config-dir says, and containers find it there', async () => {
    const directory = join(testRoot().base, 'other-networks');
    mkdirSync(directory);
    const [name, there] = [freshName('other'), ['--network-config-dir', directory]];
    await tspodOk([...there, 'network', 'create', '--subnet', '10.213.9.0/24', name]);
    const files = () => readdirSync(directory).filter((file) => file.endsWith('.json'));
    assert.deepEqual(files(), [`${name}.json`]);
    assert.equal((await tspod(['network', 'exists', name])).code, 1);
    const run = ['run', '--rm', '--network', name, BUSYBOX, 'ip', '-o', 'address'];
    assert.equal((await tspod(run)).code, 125);
    if (withoutBridges() === false) assert.match(await tspodOk([...there, ...run]), / 10\.213\.9\.2\/24 /);
    await tspodOk([...there, 'network', 'rm', name]);
    assert.deepEqual(files(), []);
  });

  test('finds subnets and bridges for many at once that nobody else has', async () => {
    const names = await Promise.all(Array.from({ length: 8 }, () => makeNetwork('--ipv6')));
    const all = names.map(definition);
    const subnets = all.flatMap(({ subnets }) =>
      (subnets as { subnet: string }[]).map(({ subnet }) => subnet),
    );
    assert.equal(new Set(subnets).size, 16);
    assert.equal(new Set(all.map(({ network_interface: bridge }) => bridge)).size, 8);
  });

  test('takes docker’s names of options', async () => {
    const name = await makeNetwork(
      '--attachable',
      '-o',
      'com.docker.network.bridge.name=own0',
      '-o',
      'com.docker.network.driver.mtu=1300',
    );
    const { network_interface: bridge, options } = definition(name);
    assert.deepEqual([bridge, options], ['own0', { mtu: '1300' }]);
  });

  test('keeps addresses for others, and makes networks of one family and of configurations', async () => {
    const subnet = [
      '--subnet',
      '10.214.9.0/29',
      '--aux-address',
      'router=10.214.9.2',
      '--aux-address',
      'b=10.214.9.3',
    ];
    const config = await makeNetwork('--config-only', ...subnet, '--label', 'a=b', '--ipam-opt', 'c=d');
    const name = await makeNetwork('--config-from', config, '--internal');
    const { subnets, labels, internal, ipam_options: ipam } = definition(name);
    const aux_addresses = { router: '10.214.9.2', b: '10.214.9.3' };
    assert.deepEqual(subnets, [{ subnet: '10.214.9.0/29', gateway: '10.214.9.1', aux_addresses }]);
    assert.deepEqual([labels, internal, ipam], [{ a: 'b' }, true, { c: 'd', driver: 'host-local' }]);
    const refused = await tspod(['create', '--network', config, BUSYBOX, 'true']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /only a configuration/);
    assert.match((await tspod(['network', 'rm', config])).stderr, new RegExp(`in use by ${name}`));
    const six = await makeNetwork('--ipv4=false', '--ipv6');
    const families = (definition(six)['subnets'] as { subnet: string }[]).map((each) =>
      each.subnet.includes(':'),
    );
    assert.deepEqual(families, [true]);
    if (withoutBridges() !== false) return;
    const addresses = (network: string) =>
      tspodOk(['run', '--rm', '--network', network, BUSYBOX, 'ip', '-o', 'address', 'show', 'eth0']);
    assert.match(await addresses(name), / 10\.214\.9\.4\/29 /);
    const own = await addresses(six);
    assert.match(own, /inet6 f[cd]/);
    assert.doesNotMatch(own, /inet /);
  });

  test('changes the resolvers of a network, for those on it too', async () => {
    const name = await makeNetwork('--dns', '192.0.2.53');
    await tspodOk([
      'network',
      'update',
      '--dns-add',
      '192.0.2.54,192.0.2.55',
      '--dns-drop',
      '192.0.2.53',
      name,
    ]);
    assert.deepEqual(definition(name)['network_dns_servers'], ['192.0.2.54', '192.0.2.55']);
    for (const [flags, words] of [
      [['--dns-add', 'x', name], /unable to parse ip x/],
      [['--dns-add', '192.0.2.1', 'podman'], /cannot be changed/],
      [['--dns-add', '192.0.2.1', 'nowhere'], /nowhere/],
    ] as const)
      assert.match((await tspod(['network', 'update', ...flags])).stderr, words);
    if (withoutBridges() !== false) return;
    const user = freshName('asks');
    await tspodOk(['run', '-d', '--name', user, '--network', name, BUSYBOX, 'sleep', '600']);
    const known = () => {
      const file = join(testRoot().runRoot, 'networks/netavark/aardvark-dns', name);
      return readFileSync(file, 'utf8').split('\n')[0];
    };
    assert.match(known() ?? '', / 192\.0\.2\.54,192\.0\.2\.55$/);
    await tspodOk(['network', 'update', '--dns-drop', '192.0.2.54', name]);
    assert.match(known() ?? '', / 192\.0\.2\.55$/);
    await tspodOk(['network', 'update', '--dns-drop', '192.0.2.55', name]);
    assert.doesNotMatch(known() ?? '', /192\.0\.2/);
    await tspodOk(['rm', '-f', '-t', '0', user]);
  });

  test('says what cannot be had', async () => {
    const there = await makeNetwork('--subnet', '10.214.1.0/24');
    for (const [flags, words] of [
      [[there], /already used/],
      [['--subnet', '10.214.1.128/25', 'x'], /10\.214\.1\.128\/25 is already used/],
      [['--gateway', '10.1.1.1', 'x'], /without subnet/],
      [['--subnet', '10.215.0.0/24', '--gateway', '10.1.1.1', 'x'], /gateway 10\.1\.1\.1 not in subnet/],
      [['--subnet', '10.215.0.0/33', 'x'], /10\.215\.0\.0\/33/],
      [['-d', 'overlay', 'x'], /unsupported driver overlay/],
      [['-o', 'color=red', 'x'], /unsupported bridge network option color/],
      [['-o', 'mtu=big', 'x'], /mtu must be a number/],
      [['host'], /conflicts with a valid network mode/],
      [['a/b'], /names must match/],
      [['--interface-name', 'much-too-long-a-name', 'x'], /interface name/],
      [['--subnet', '10.215.0.0/24', '--aux-address', 'a=10.1.1.1', 'x'], /no matching subnet .*10\.1\.1\.1/],
      [['--ipv4=false', 'x'], /IPv4 or IPv6 must be enabled/],
      [['--ipv4=false', '--ipv6', '--subnet', '10.215.0.0/24', 'x'], /--ipv4=false/],
      [['--config-from', there, 'x'], /no configuration network/],
      [['--scope', 'swarm', 'x'], /must be one of local/],
      [['--ingress', 'x'], /--ingress/],
    ] as const) {
      const { code, stderr } = await tspod(['network', 'create', ...flags]);
      assert.equal(code, 125, flags.join(' '));
      assert.match(stderr, words);
    }
    assert.equal(await tspodOk(['network', 'create', '--ignore', there]), there);
    assert.equal(existsSync(join(folder(), 'x.json')), false);
  });
});

describe('network rm and prune', () => {
  test('refuse what is in use, by whom, and tell by the exit code', async () => {
    const name = await makeNetwork();
    const user = freshName('user');
    await tspodOk(['create', '--name', user, '--network', name, BUSYBOX, 'true']);
    const used = await tspod(['network', 'rm', name]);
    assert.equal(used.code, 2);
    assert.match(used.stderr, new RegExp(user));
    const gone = await tspod(['network', 'rm', 'nowhere']);
    assert.equal(gone.code, 1);
    const forced = await tspod(['network', 'rm', '--force', 'nowhere']);
    assert.deepEqual([forced.code, forced.stdout], [0, '']);
    assert.doesNotMatch(await tspodOk(['network', 'ls', '-q', '--filter', 'dangling=true']), /^podman$/m);
    const fixed = await tspod(['network', 'rm', 'podman']);
    assert.deepEqual([fixed.code, /cannot be removed/.test(fixed.stderr)], [125, true]);
    await tspodOk(['network', 'prune', '--force']);
    assert.equal((await tspod(['network', 'exists', name])).code, 0);
    await tspodOk(['network', 'rm', '--force', name]);
    assert.equal((await tspod(['container', 'exists', user])).code, 1);
    assert.equal((await tspod(['network', 'exists', name])).code, 1);
  });

  test('prune takes only what its filters mean', async () => {
    const [kept, taken] = [await makeNetwork(), await makeNetwork('--label', 'temporary')];
    assert.equal(await tspodOk(['network', 'prune', '-f', '--filter', 'label=temporary']), taken);
    assert.equal((await tspod(['network', 'exists', kept])).code, 0);
  });
});

describe('network prune', { skip: requires('root') || withoutBridges() }, () => {
  test('leaves a network on which a container of another root runs', async () => {
    const other = makeTestRoot();
    const name = await makeNetwork();
    const id = await tspodOk(['run', '-d', '--network', name, BUSYBOX, 'sleep', '1000']);
    const shared = {
      root: other,
      env: { CONTAINERS_CONF: join(testRoot().base, 'config/containers/containers.conf') },
    };
    assert.doesNotMatch(await tspodOk(['network', 'prune', '-f'], shared), new RegExp(name));
    await tspodOk(['exec', id, 'ip', 'address', 'show', 'eth0']);
    await tspodOk(['rm', '-f', '-t', '0', id]);
    assert.match(await tspodOk(['network', 'prune', '-f'], shared), new RegExp(name));
  });
});

describe('networks of a container that does not run', () => {
  test('are those that connect and disconnect name', async () => {
    const [first, second] = [await makeNetwork(), await makeNetwork()];
    const name = freshName();
    await tspodOk(['create', '--name', name, '--network', first, BUSYBOX, 'true']);
    await tspodOk(['network', 'connect', '--alias', 'other', second, name]);
    const twice = await tspod(['network', 'connect', second, name]);
    assert.match(twice.stderr, /already connected/);
    await tspodOk(['network', 'disconnect', first, name]);
    const missing = await tspod(['network', 'disconnect', first, name]);
    assert.match(missing.stderr, /is not connected to network/);
    await tspodOk(['network', 'disconnect', '--force', first, name]);
    const networks = JSON.parse(
      await tspodOk(['inspect', '--format', '{{json .NetworkSettings.Networks}}', name]),
    ) as Record<string, { Aliases: string[] }>;
    assert.deepEqual(Object.keys(networks), [second]);
    assert.ok(networks[second]?.Aliases.includes('other'));
    await tspodOk(['rm', name]);
  });
});

test('called as docker, network create prints the id and inspect docker’s document', async () => {
  const directory = join(testRoot().base, 'as-docker');
  mkdirSync(directory);
  const program = join(directory, 'docker');
  symlinkSync(TSPOD, program);
  const docker = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(program, [...rootArguments(testRoot()), ...args], {
      env: testEnvironment(),
    });
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const name = freshName('docked');
  await tspodOk(['network', 'create', '--subnet', '10.216.0.0/24', name]);
  const [document] = JSON.parse(await docker('network', 'inspect', name)) as Record<string, unknown>[];
  assert.deepEqual(document?.['IPAM'], {
    Driver: 'default',
    Options: null,
    Config: [{ Subnet: '10.216.0.0/24', Gateway: '10.216.0.1' }],
  });
  assert.deepEqual([document?.['Scope'], document?.['Containers']], ['local', {}]);
  await tspodOk(['network', 'rm', name]);
});

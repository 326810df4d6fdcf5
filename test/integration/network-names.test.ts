import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { addressOn, makeNetwork, resolve, waitForName, withoutBridges } from '../fixtures/networks.ts';

const inside = (container: string, ...command: string[]): Promise<string> =>
  tspodOk(['exec', container, ...command]);

describe('containers on a network', { skip: withoutBridges() }, () => {
  before(() => busyboxImage());

  test('find each other by name, alias and short id, and the file of hosts knows their own', async () => {
    const network = await makeNetwork();
    const one = await startSleeper(['--network', `${network}:alias=first`, '--network-alias', 'uno']);
    const two = await startSleeper(['--network', network]);
    const address = await addressOn(network, one);
    const id = await tspodOk(['inspect', '--format', '{{.Id}}', one]);
    for (const name of [one, 'first', 'uno', id.slice(0, 12)])
      assert.deepEqual(await resolve(two, name), [address], name);
    await waitForName(one, two, await addressOn(network, two));
    assert.match(await inside(one, 'cat', '/etc/hosts'), new RegExp(`^${address}\\s.*${one}$`, 'm'));
    await tspodOk(['rm', '-f', '--time', '0', one]);
    assert.deepEqual(await resolve(two, one), []);
  });

  test('get the addresses that were asked for, in both families', async () => {
    const network = await makeNetwork('--subnet', '10.217.1.0/24', '--subnet', 'fd00:217:1::/64');
    const mac = '92:d0:c6:0a:29:33';
    const fixed = ['--ip', '10.217.1.77', '--ip6', 'fd00:217:1::77', '--mac-address', mac];
    const one = await startSleeper(['--network', network, ...fixed]);
    const link = await inside(one, 'ip', 'addr', 'show', 'eth0');
    for (const words of ['inet 10.217.1.77/24', 'inet6 fd00:217:1::77/64', mac])
      assert.ok(link.includes(words), words);
    const two = await startSleeper(['--network', network]);
    assert.deepEqual(await resolve(two, one), ['10.217.1.77', 'fd00:217:1::77']);
    const taken = await tspod(['run', '--rm', '--network', `${network}:ip=10.217.1.77`, BUSYBOX, 'true']);
    assert.equal(taken.code, 125);
    assert.match(taken.stderr, /10\.217\.1\.77 .*in use by container/);
    const outside = await tspod(['run', '--rm', '--network', network, '--ip', '10.218.0.1', BUSYBOX, 'true']);
    assert.match(outside.stderr, /10\.218\.0\.1 is outside the subnets/);
  });

  test('call others by the names of links, which follow their addresses', async () => {
    const network = await makeNetwork('--subnet', '10.217.4.0/24');
    const [other, far] = [
      await startSleeper(['--network', network]),
      await startSleeper(['--network', 'none']),
    ];
    const linked = ['--network', network, '--link', `${other}:db`, '--link', `${far}:far`];
    const one = await startSleeper(linked);
    const hosts = () => inside(one, 'cat', '/etc/hosts');
    const lineOf = (address: string) => new RegExp(`^${address.replaceAll('.', '\\.')}\\sdb$`, 'm');
    assert.match(await hosts(), lineOf(await addressOn(network, other)));
    assert.doesNotMatch(await hosts(), /\sfar$/m);
    const links = `{{(index .NetworkSettings.Networks "${network}").Links}}`;
    assert.equal(await tspodOk(['inspect', '--format', links, one]), `[${other}:db ${far}:far]`);
    await tspodOk(['network', 'disconnect', network, other]);
    assert.doesNotMatch(await hosts(), /\sdb$/m);
    await tspodOk(['network', 'connect', '--ip', '10.217.4.99', network, other]);
    assert.match(await hosts(), lineOf('10.217.4.99'));
    const two = await startSleeper(['--network', 'bridge']);
    await tspodOk(['network', 'connect', '--link', `${other}:store`, network, two]);
    assert.match(await inside(two, 'cat', '/etc/hosts'), /^10\.217\.4\.99\sstore$/m);
    for (const [flags, words] of [
      [['--link', 'nowhere'], /could not get container for nowhere/],
      [['--link', `${other}:a:b`], /bad format for links/],
      [['--link', `${other}:a`, '--link', `${one}:a`], /conflicting links/],
      [['--network', 'host', '--link', other], /host type networking can't be used with links/],
    ] as const) {
      const mode = flags.some((word) => word === 'host') ? [] : ['--network', network];
      const { code, stderr } = await tspod(['create', ...mode, ...flags, BUSYBOX, 'true']);
      assert.equal(code, 125, flags.join(' '));
      assert.match(stderr, words);
    }
  });

  test('go out through the network of the highest priority', async () => {
    const [near, far, last] = [await makeNetwork(), await makeNetwork(), await makeNetwork()];
    const name = await startSleeper(['--network', near, '--network', `name=${far},gw-priority=7,alias=x`]);
    const ways = async () => {
      const routes = await inside(name, 'ip', 'route');
      const metrics = [...routes.matchAll(/^default .* dev (\S+)(?: metric (\d+))?/gm)];
      return metrics.sort((a, b) => Number(a[2] ?? 0) - Number(b[2] ?? 0)).map(([, device]) => device);
    };
    assert.equal((await ways())[0], 'eth1');
    const option = 'com.docker.network.endpoint.ifname=out';
    await tspodOk(['network', 'connect', '--gw-priority', '9', '--driver-opt', option, last, name]);
    assert.equal((await ways())[0], 'out');
  });

  test('may be on several networks, with interfaces of their own names', async () => {
    const [front, back] = [await makeNetwork(), await makeNetwork('--subnet', '10.217.2.0/24')];
    const name = await startSleeper([
      '--network',
      front,
      '--network',
      `${back}:ip=10.217.2.9,interface_name=rear`,
    ]);
    assert.match(await inside(name, 'ip', 'addr', 'show', 'eth0'), /inet 10\./);
    assert.match(await inside(name, 'ip', 'addr', 'show', 'rear'), /inet 10\.217\.2\.9\/24/);
    const [onFront, onBack] = [
      await startSleeper(['--network', front]),
      await startSleeper(['--network', back]),
    ];
    assert.deepEqual(await resolve(onFront, name), [await addressOn(front, name)]);
    assert.deepEqual(await resolve(onBack, name), ['10.217.2.9']);
    assert.deepEqual(await resolve(onBack, onFront), []);
    assert.equal(
      await tspodOk(['ps', '-q', '--filter', `network=${back}`]).then((ids) => ids.split('\n').length),
      2,
    );
  });

  test('have no way out of an internal network', async () => {
    const network = await makeNetwork('--internal');
    const name = await startSleeper(['--network', network]);
    assert.doesNotMatch(await inside(name, 'ip', 'route'), /default/);
  });

  test('keep the gateway’s hardware address while others come and go', async () => {
    const network = await makeNetwork();
    const name = await startSleeper(['--network', network]);
    const gateway = await tspodOk([
      'network',
      'inspect',
      '--format',
      '{{(index .Subnets 0).Gateway}}',
      network,
    ]);
    const seen = new Set<string>();
    for (let round = 0; round < 6; round++) {
      await tspodOk(['run', '--rm', '--network', network, BUSYBOX, 'true']);
      const neighbours = await inside(name, 'sh', '-c', `nslookup ${name} >&2; cat /proc/net/arp`);
      const line = neighbours.split('\n').find((each) => each.startsWith(`${gateway} `));
      seen.add(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(line ?? '')?.[0] ?? 'unknown');
    }
    assert.equal(seen.size, 1, [...seen].join(' '));
    assert.ok(!seen.has('unknown'));
  });

  test('are found while others come and go', async () => {
    const network = await makeNetwork();
    const [asking, asked] = [
      await startSleeper(['--network', network]),
      await startSleeper(['--network', network]),
    ];
    const address = await addressOn(network, asked);
    let ended = false;
    const churn = Promise.all(
      Array.from({ length: 3 }, async () => {
        for (let round = 0; round < 4; round++)
          await tspodOk(['run', '--rm', '--network', network, BUSYBOX, 'true']);
      }),
    ).then(() => {
      ended = true;
    });
    let answered = 0;
    while (!ended) {
      // A resolver that is reading its list anew may miss one question, as any server may; not all of them.
      await waitForName(asking, asked, address);
      answered += 1;
    }
    await churn;
    assert.ok(answered > 0);
    assert.deepEqual(await resolve(asking, asked), [address]);
  });
});

describe('network connect', { skip: withoutBridges() }, () => {
  before(() => busyboxImage());

  test('joins a running container, and disconnect takes it away again', async () => {
    const [first, second] = [await makeNetwork(), await makeNetwork('--subnet', '10.217.3.0/24')];
    const name = await startSleeper(['--network', first]);
    const other = await startSleeper(['--network', second]);
    await tspodOk([
      'network',
      'connect',
      '--alias',
      'guest',
      '--ip',
      '10.217.3.33',
      '--mac-address',
      '92:d0:c6:0a:29:34',
      second,
      name,
    ]);
    assert.match(
      await inside(name, 'ip', 'addr', 'show', 'eth1'),
      /92:d0:c6:0a:29:34[\s\S]*inet 10\.217\.3\.33\/24/,
    );
    await waitForName(other, 'guest', '10.217.3.33');
    assert.match(await inside(name, 'cat', '/etc/resolv.conf'), /nameserver 10\.217\.3\.1/);
    assert.match(await inside(name, 'cat', '/etc/hosts'), /10\.217\.3\.33/);
    const members = JSON.parse(await tspodOk(['network', 'inspect', second])) as { containers: object }[];
    assert.equal(Object.keys(members[0]?.containers ?? {}).length, 2);

    await tspodOk(['network', 'disconnect', second, name]);
    assert.notEqual((await tspod(['exec', name, 'ip', 'link', 'show', 'eth1'])).code, 0);
    assert.deepEqual(await resolve(other, 'guest'), []);
    assert.doesNotMatch(await inside(name, 'cat', '/etc/hosts'), /10\.217\.3\.33/);
    const taker = await startSleeper(['--network', second, '--ip', '10.217.3.33']);
    assert.equal(await addressOn(second, taker), '10.217.3.33');
  });

  test('gives a network back to a container that has left all of them', async () => {
    const network = await makeNetwork();
    const name = await startSleeper(['--network', network]);
    await tspodOk(['network', 'disconnect', network, name]);
    assert.equal(await inside(name, 'ls', '/sys/class/net'), 'lo');
    await tspodOk(['restart', '--time', '0', name]);
    assert.equal(await inside(name, 'ls', '/sys/class/net'), 'lo');
    await tspodOk(['network', 'connect', network, name]);
    assert.match(await inside(name, 'ip', 'addr', 'show', 'eth0'), /inet 10\./);
    await tspodOk(['restart', '--time', '0', name]);
    assert.match(await inside(name, 'ip', 'addr', 'show', 'eth0'), /inet 10\./);
  });

  test('refuses a container without networks of its own', async () => {
    const network = await makeNetwork();
    const name = freshName();
    await tspodOk(['create', '--network', 'none', '--name', name, BUSYBOX, 'true']);
    const { code, stderr } = await tspod(['network', 'connect', network, name]);
    assert.equal(code, 125);
    assert.match(
      stderr,
      /"none" is not supported: invalid network mode of .*\n.*make the container with --network/,
    );
    await tspodOk(['rm', name]);
  });
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { processesOf } from '../fixtures/harness-leaks.ts';
import { addressOn, makeNetwork, resolve, withoutBridges } from '../fixtures/networks.ts';
import { isRoot, programPath } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const PARALLEL = 200;

/** What set-ups leave in the run root, names of containers only. */
function remains(): string[] {
  const room = join(testRoot().runRoot, 'networks');
  const leases = list(join(room, 'leases')).flatMap((network) =>
    list(join(room, 'leases', network)).filter((name) => !name.startsWith('last-')),
  );
  return [
    ...list(join(room, 'containers')),
    ...list(join(testRoot().runRoot, 'netns')),
    ...list(join(room, 'rootless/users')),
    ...list(join(room, 'rootless/slots')),
    ...leases,
  ];
}

function list(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** A netavark that does `script` around the real one, which is $NETAVARK. */
function withNetavark(script: string): { env: Record<string, string> } {
  const folder = join(testRoot().base, freshName('helpers'));
  const real = programPath('netavark');
  mkdirSync(folder);
  writeFileSync(join(folder, 'netavark'), `#!/bin/sh\nNETAVARK=${real}\n${script}\n`, { mode: 0o755 });
  const conf = join(folder, 'containers.conf');
  writeFileSync(conf, `[engine]\nhelper_binaries_dir = ["${folder}", "${dirname(real)}", "/usr/bin"]\n`);
  return { env: { CONTAINERS_CONF_OVERRIDE: conf } };
}

describe('the network of a container', { skip: withoutBridges() }, () => {
  before(() => busyboxImage());

  test('comes up while a further network is refused, as no subnet is free', async () => {
    const directory = join(testRoot().base, 'networks');
    const conf = join(testRoot().base, freshName('pools.conf'));
    writeFileSync(
      conf,
      `[network]\nnetwork_config_dir = "${directory}"\ndefault_subnet_pools = [{"base" = "10.123.7.0/29", "size" = 30}]\n`,
    );
    const gate = join(testRoot().base, freshName('gate'));
    const { env } = withNetavark(
      `case "$*" in *setup*) : >${gate}.begun; while [ ! -e ${gate}.free ]; do sleep 0.05; done;; esac; exec "$NETAVARK" "$@"`,
    );
    const pools = { env: { CONTAINERS_CONF: conf } };
    const [first, second] = [freshName('first'), freshName('second')];
    for (const name of [first, second]) await tspodOk(['network', 'create', name], pools);
    const running = tspod(['run', '--rm', '--network', second, BUSYBOX, 'ip', 'addr'], { env });
    await waitFor('the set-up to begin', () => existsSync(`${gate}.begun`));
    for (const args of [[], ['--internal'], ['--ipv6']]) {
      const { code, stderr } = await tspod(['network', 'create', ...args, 'surplus'], pools);
      assert.equal(code, 125);
      assert.match(stderr, /could not find free subnet from subnet pools\n/);
      assert.match(stderr, /all of 10\.123\.7\.0\/29 is taken .*--subnet.*tspod network prune/);
    }
    assert.equal(existsSync(join(directory, 'surplus.json')), false);
    writeFileSync(`${gate}.free`, '');
    const { code, stdout, stderr } = await running;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /inet 10\.123\.7\.6\/30/);
    await waitFor('nothing to be left', () => remains().length === 0);
    await tspodOk(['network', 'rm', first]);
    await tspodOk(['network', 'create', 'surplus'], pools);
    await tspodOk(['network', 'rm', 'surplus', second]);
  });

  for (const [what, script] of [
    ['before it did anything', 'case "$*" in *setup*) kill -9 $$;; esac; exec "$NETAVARK" "$@"'],
    [
      'when all was done',
      'case "$*" in *setup*) "$NETAVARK" "$@" >/dev/null; kill -9 $$;; esac; exec "$NETAVARK" "$@"',
    ],
  ] as const) {
    test(`is taken back when netavark is killed ${what}`, async () => {
      const network = await makeNetwork('-o', 'isolate=true');
      const killed = await tspod(
        ['run', '--rm', '--network', network, BUSYBOX, 'true'],
        withNetavark(script),
      );
      assert.equal(killed.code, 125);
      assert.match(killed.stderr, new RegExp(`set up network ${network}: netavark`));
      await waitFor('the clean-up', () => remains().length === 0);
      await tspodOk(['run', '--rm', '--network', network, BUSYBOX, 'true']);
      await waitFor(
        'nothing to be left',
        () => remains().length === 0 && processesOf(testRoot()).length === 0,
      );
    });
  }

  test('is refused when the network has no address left, until somebody leaves it', async () => {
    const network = await makeNetwork('--subnet', isRoot() ? '10.219.3.0/30' : '10.219.4.0/30');
    const only = await startSleeper(['--network', network]);
    const refused = await tspod(['run', '--rm', '--network', network, BUSYBOX, 'true']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /has no free address left/);
    assert.deepEqual(await resolve(only, only), [await addressOn(network, only)]);
    await tspodOk(['rm', '-f', '--time', '0', only]);
    await tspodOk(['run', '--rm', '--network', network, BUSYBOX, 'true']);
  });

  test(`is there for ${PARALLEL} at once, each with its own address, and nothing is left`, {
    timeout: 1_200_000,
  }, async () => {
    const network = await makeNetwork();
    const script = 'ip -o -4 addr show eth0';
    const results = await Promise.all(
      Array.from({ length: PARALLEL }, () =>
        tspod(['run', '--rm', '--network', network, BUSYBOX, 'sh', '-c', script], { timeout: 900_000 }),
      ),
    );
    for (const { code, stderr } of results) assert.equal(code, 0, stderr);
    const addresses = results.map(({ stdout }) => /inet (\S+)/.exec(stdout)?.[1]);
    assert.equal(new Set(addresses).size, PARALLEL);
    await waitFor('nothing to be left', () => remains().length === 0 && processesOf(testRoot()).length === 0);
  });

  test('goes with a container whose commands were killed', async () => {
    const network = await makeNetwork();
    const stop = new AbortController();
    const runs = Array.from({ length: 4 }, () =>
      tspod(['run', '--network', network, BUSYBOX, 'sleep', '1000'], { signal: stop.signal }).catch(
        () => undefined,
      ),
    );
    await waitFor('a container on the network', async () => {
      const members = await tspodOk(['ps', '-q', '--filter', `network=${network}`]);
      return members !== '';
    });
    stop.abort();
    await Promise.all(runs);
    await tspodOk(['rm', '--all', '--force', '--time', '0']);
    await waitFor('nothing to be left', () => remains().length === 0 && processesOf(testRoot()).length === 0);
    await tspodOk(['network', 'rm', network]);
  });
});

describe('the namespace that the bridges of a user share', {
  skip: isRoot() ? 'needs an unprivileged user' : withoutBridges(),
}, () => {
  before(() => busyboxImage());
  const room = () => join(testRoot().runRoot, 'networks/rootless/netns');

  test('goes with the last container on them', async () => {
    const network = await makeNetwork();
    const names = [await startSleeper(['--network', network]), await startSleeper(['--network', 'bridge'])];
    assert.ok(existsSync(room()));
    await tspodOk(['rm', '-f', '--time', '0', names[0] ?? '']);
    assert.ok(existsSync(room()));
    await tspodOk(['rm', '-f', '--time', '0', names[1] ?? '']);
    await waitFor('the namespace to go', () => !existsSync(room()) && processesOf(testRoot()).length === 0);
  });

  test('takes its pasta along, even one that was asleep meanwhile', async () => {
    const network = await makeNetwork();
    const name = await startSleeper(['--network', network]);
    const pid = Number(readFileSync(join(testRoot().runRoot, 'networks/rootless/pasta.pid'), 'utf8'));
    process.kill(pid, 'SIGSTOP');
    try {
      await tspodOk(['rm', '-f', '--time', '0', name]);
      await waitFor('the namespace to go', () => !existsSync(room()));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await waitFor('the end of pasta', () => processesOf(testRoot()).length === 0);
  });

  test('gets a new way out with the next container when its pasta was killed', async () => {
    const network = await makeNetwork();
    const name = await startSleeper(['--network', network]);
    const pasta = processesOf(testRoot()).filter(({ command }) =>
      command.includes('networks/rootless/netns'),
    );
    assert.equal(pasta.length, 1);
    for (const { pid } of pasta) process.kill(pid, 'SIGKILL');
    const other = await startSleeper(['--network', network]);
    assert.deepEqual(await resolve(other, name), [await addressOn(network, name)]);
    assert.equal(processesOf(testRoot()).filter(({ command }) => command.includes('-I out')).length, 1);
  });

  test('leaves no resolver behind when its files are deleted, as by the end of a login', async () => {
    const network = await makeNetwork();
    const before = await startSleeper(['--network', network]);
    rmSync(join(testRoot().runRoot, 'networks'), { recursive: true });
    const name = await startSleeper(['--network', network]);
    assert.deepEqual(await resolve(name, name), [await addressOn(network, name)]);
    const resolvers = () =>
      processesOf(testRoot()).filter(({ command }) => /aardvark-dns --config/.test(command));
    assert.equal(resolvers().length, 1);
    await tspodOk(['rm', '-f', '--time', '0', before, name]);
    await waitFor('the end of the resolver', () => resolvers().length === 0);
  });
});

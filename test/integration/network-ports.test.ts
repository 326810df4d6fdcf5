import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { before, describe, test } from 'node:test';
import { startScript } from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeNetwork, withoutBridges } from '../fixtures/networks.ts';
import { isRoot } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** Apart, so that root's and the user's tests may run side by side. */
const BASE = isRoot() ? 21_100 : 21_200;

/** Tells everyone the port, and the address that they come from. */
const tell = (...ports: number[]): string =>
  `${ports.map((port) => `nc -ll -p ${port} -e sh -c "read line; peers=\\$(netstat -tn); echo ${port}; echo \\"\\$peers\\"" & `).join('')} wait`;

function ask(port: number, host = '127.0.0.1'): Promise<string> {
  return waitFor(`an answer from ${host}:${port}`, async () => {
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      // Pasta of 2023 holds back what a server says unasked.
      const socket = connect(port, host, () => socket.end('\n'))
        .setTimeout(3_000, () => socket.destroy())
        .on('data', (data) => {
          text += String(data);
        })
        .on('error', () => {})
        .on('close', () => resolve(text));
    });
    return answer === '' ? undefined : answer;
  });
}

function reached(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end('\n'))
      .setTimeout(1_000, () => socket.destroy())
      .on('data', () => resolve(true))
      .on('error', () => {})
      .on('close', () => resolve(false));
  });
}

const ownAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe('published ports of containers on bridges', { skip: withoutBridges() }, () => {
  before(() => busyboxImage());

  test('may be ranges, on one address of the host, and random', async () => {
    const network = await makeNetwork();
    const flags = [
      '-p',
      `${BASE}-${BASE + 1}:80-81`,
      '-p',
      `127.0.0.1:${BASE + 2}:82`,
      '-p',
      '83',
      '--network',
      network,
    ];
    const name = await startScript(flags, tell(80, 81, 82, 83));
    assert.match(await ask(BASE), /^80\n/);
    assert.match(await ask(BASE + 1), /^81\n/);
    assert.match(await ask(BASE + 2), /^82\n/);
    const random = await tspodOk(['port', name, '83']);
    assert.match(await ask(Number(random.split(':')[1])), /^83\n/);
    await tspodOk(['rm', '-f', '--time', '0', name]);
    const again = await startScript(flags, tell(80));
    assert.match(await ask(BASE), /^80\n/);
    await tspodOk(['rm', '-f', '--time', '0', again]);
  });

  test('come back with network reload after the firewall was emptied, at the same addresses', async () => {
    const network = await makeNetwork();
    const other = await makeNetwork();
    const flags = ['-p', `${BASE + 20}:80`, '--network', network, '--network', other];
    const name = await startScript(flags, tell(80));
    assert.match(await ask(BASE + 20), /^80\n/);
    const places = () =>
      tspodOk([
        'inspect',
        '-f',
        '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.MacAddress}} {{end}}',
        name,
      ]);
    const before = await places();
    if (isRoot()) {
      for (const table of ['nat', 'filter']) execFileSync('iptables', ['-t', table, '-F']);
      assert.equal(await reached(BASE + 20), false);
    }
    assert.equal(await tspodOk(['network', 'reload', name]), name);
    assert.match(await ask(BASE + 20), /^80\n/);
    assert.equal(await places(), before);
    const id = await tspodOk(['inspect', '-f', '{{.Id}}', name]);
    const sleeper = await startScript([], 'sleep 100');
    assert.equal(await tspodOk(['network', 'reload', '--all']), id);
    assert.match(await ask(BASE + 20), /^80\n/);
    for (const [container, reason] of [
      [sleeper, /network mode none: only bridge networks can be reloaded/],
      ['nobody', /no container with name or ID "nobody"/],
    ] as const) {
      const { code, stderr } = await tspod(['network', 'reload', container]);
      assert.equal(code, 125);
      assert.match(stderr, reason);
    }
    await tspodOk(['rm', '-f', '-t', '0', name, sleeper]);
  });

  test('show the container where a client comes from', async () => {
    const host = ownAddress();
    if (host === undefined) return;
    const network = await makeNetwork();
    await startScript(['-p', `${BASE + 10}:80`, '--network', network], tell(80));
    assert.match(await ask(BASE + 10, host), new RegExp(`:80 +(::ffff:)?${host.replaceAll('.', '\\.')}:`));
  });

  test('go with --publish-all to what the image or --expose names', async () => {
    const name = await startScript(['--expose', '85', '-P', '--network', await makeNetwork()], tell(85));
    const place = await tspodOk(['port', name, '85']);
    assert.match(await ask(Number(place.split(':')[1])), /^85\n/);
  });

  test('may be the same on different addresses of the host', async () => {
    const network = await makeNetwork();
    const [one, two] = ['127.0.0.1', '127.0.0.2'];
    await startScript(['-p', `${one}:${BASE + 20}:80`, '--network', network], tell(80));
    await startScript(['-p', `${two}:${BASE + 20}:81`, '--network', network], `${tell(80, 81)}`);
    assert.match(await ask(BASE + 20, one), /^80\n/);
    assert.match(await ask(BASE + 20, two), /^81\n/);
  });

  test('stay published when the container joins another network and leaves the first', async () => {
    const [first, second] = [await makeNetwork(), await makeNetwork()];
    const name = await startScript(['-p', `${BASE + 30}:80`, '--network', first], tell(80));
    assert.match(await ask(BASE + 30), /^80\n/);
    await tspodOk(['network', 'connect', second, name]);
    await tspodOk(['network', 'disconnect', first, name]);
    assert.match(await ask(BASE + 30), /^80\n/);
  });

  test('are refused while somebody has them, and then nothing of the container’s network stays', async () => {
    const network = await makeNetwork('--subnet', isRoot() ? '10.219.1.0/30' : '10.219.2.0/30');
    const holder = await startScript(['-p', `${BASE + 40}:80`, '--network', await makeNetwork()], tell(80));
    const refused = await tspod([
      'run',
      '--rm',
      '-p',
      `${BASE + 40}:80`,
      '--network',
      network,
      BUSYBOX,
      'true',
    ]);
    assert.equal(refused.code, 125);
    assert.match(
      refused.stderr,
      new RegExp(
        `${BASE + 40}: bind: address already in use by container ${holder}|by container [0-9a-f]{12}`,
      ),
    );
    // The one address of that network is free again.
    await tspodOk(['run', '--rm', '--network', network, BUSYBOX, 'true']);
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';

const DEFAULT_ID = '2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9';
const INNER_ID = `abc${'1'.repeat(61)}`;
const INNER = {
  name: 'inner',
  id: INNER_ID,
  driver: 'bridge',
  network_interface: 'podman9',
  created: '2024-01-02T03:04:05.6Z',
  subnets: [{ subnet: '10.213.7.0/24', gateway: '10.213.7.1' }],
  ipv6_enabled: false,
  internal: true,
  dns_enabled: true,
  labels: { tier: 'db' },
  ipam_options: { driver: 'host-local' },
};

/** As inspect shows it: nobody is on it. */
const SHOWN = { ...INNER, containers: {} };

before(() => {
  writeFileSync(join(testRoot().base, 'networks/inner.json'), JSON.stringify(INNER));
});

function list(...args: string[]): Promise<string> {
  return tspodOk(['network', 'ls', ...args]);
}

test('network ls shows the default network and those of files, by name', async () => {
  assert.equal(
    await list(),
    [
      'NETWORK ID    NAME        DRIVER',
      'abc111111111  inner       bridge',
      '2f259bab93aa  podman      bridge',
    ].join('\n'),
  );
  assert.equal(await list('--quiet'), 'inner\npodman');
  assert.equal(await list('--noheading', '-f', 'name=^inn'), 'abc111111111  inner       bridge');
  assert.equal(
    await list('--no-trunc', '--format', '{{.ID}} {{.Labels}}'),
    `${INNER_ID} tier=db\n${DEFAULT_ID} `,
  );
  const documents = JSON.parse(await list('--format', 'json')) as unknown[];
  assert.deepEqual(documents[0], INNER);
});

test('network ls keeps to its filters', async () => {
  for (const [filter, names] of [
    ['driver=bridge', 'inner\npodman'],
    ['driver=macvlan', ''],
    ['id=2f259', 'podman'],
    ['label=tier', 'inner'],
    ['label=tier=front', ''],
    ['label!=tier', 'podman'],
    ['until=2024-02-01T00:00:00Z', 'inner'],
    ['dangling=true', 'inner'],
    ['dangling=false', 'podman'],
  ] as const)
    assert.equal(await list('-q', '--filter', filter), names, filter);
  const refused = await tspod(['network', 'ls', '--filter', 'colour=red']);
  assert.equal(refused.code, 125);
  assert.match(refused.stderr, /invalid filter "colour"/);
});

test('network inspect prints definitions as they are, and reports what is not there', async () => {
  assert.deepEqual(JSON.parse(await tspodOk(['network', 'inspect', 'abc11'])), [SHOWN]);
  assert.deepEqual(JSON.parse(await tspodOk(['inspect', '--type', 'network', 'inner'])), [SHOWN]);
  const format =
    '{{.Name}} {{.DNSEnabled}} {{range .Subnets}}{{.Gateway}}{{end}} {{.IPAMOptions}} {{.Labels.tier}}';
  for (const command of [
    ['network', 'inspect'],
    ['inspect', '--type=network'],
  ])
    assert.equal(
      await tspodOk([...command, '--format', format, 'inner']),
      'inner true 10.213.7.1 map[driver:host-local] db',
    );
  const missing = await tspod(['network', 'inspect', 'inner', 'nowhere']);
  assert.equal(missing.code, 125);
  assert.deepEqual(JSON.parse(missing.stdout), [SHOWN]);
  assert.match(missing.stderr, /nowhere/);
});

test('network exists tells by its exit code', async () => {
  for (const [name, code] of [
    ['podman', 0],
    ['inner', 0],
    [INNER_ID, 0],
    ['nowhere', 1],
  ] as const)
    assert.equal((await tspod(['network', 'exists', name])).code, code, name);
});

test('a network that a container belongs to is not dangling', async () => {
  await busyboxImage();
  await tspodOk(['create', '--network', 'inner', '--name', 'member', BUSYBOX, 'true']);
  assert.equal(await list('-q', '--filter', 'dangling=false'), 'inner\npodman');
});

test('called as docker, network ls shows the scope, and ids for --quiet', async () => {
  const directory = join(testRoot().base, 'as-docker');
  mkdirSync(directory);
  symlinkSync(TSPOD, join(directory, 'docker'));
  const docker = async (...args: string[]): Promise<string> =>
    (
      await runProgram(join(directory, 'docker'), [...rootArguments(testRoot()), 'network', 'ls', ...args], {
        env: testEnvironment(),
      })
    ).stdout;
  assert.match(
    await docker(),
    /^NETWORK ID +NAME +DRIVER +SCOPE\n[0-9a-f]{12} +bridge +bridge +local\n[\s\S]*\nabc111111111 +inner +bridge +local\n/,
  );
  assert.equal(await docker('-q', '--filter', 'name=inner'), 'abc111111111\n');
});

test('a noun without a command prints its help on stdout, and fails', async () => {
  const { code, stdout, stderr } = await tspod(['network']);
  assert.equal(code, 125);
  assert.match(stdout, /^ +exists /m);
  assert.match(stderr, /^Error: missing command 'tspod network COMMAND'\n$/);
});

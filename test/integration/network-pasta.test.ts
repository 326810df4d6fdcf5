import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { networkSpec, tcpPort } from '../fixtures/network-attach.ts';
import { programPath, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/network-attach.ts');
const TEARDOWN = `
import { networkContextIn } from ${JSON.stringify(FIXTURE)};
import { teardownNetwork } from ${JSON.stringify(join(import.meta.dirname, '../../src/network/teardown.ts'))};
await teardownNetwork(networkContextIn(process.argv[1], true), process.argv[2]);
`;
/** An id without a name: user namespaces need no entry in /etc/passwd. */
const UID = 54_321;
const ID = 'cd'.repeat(32);
const PORT = 18_190;

/** Pasta copies the addresses of the interface with the default route; an empty network namespace has none. */
function addDefaultRoute(): void {
  const has = execFileSync('ip', ['route', 'show', 'default'], { encoding: 'utf8' });
  if (has !== '') return;
  const commands = [
    'link add outside type veth peer name beyond',
    'address add 192.0.2.10/24 dev outside',
    'link set beyond up',
    'link set outside up',
    'route add default via 192.0.2.1',
  ];
  execFileSync('ip', ['-batch', '-'], { input: commands.join('\n') });
}

describe('pasta as an unprivileged user', { skip: requires('root', 'pasta', 'tun', 'busybox') }, () => {
  let directory = '';
  let tunMode = 0;
  before(() => {
    if (process.env['TSPOD_TEST_NETNS'] === 'private') addDefaultRoute();
    tunMode = statSync('/dev/net/tun').mode & 0o777;
    chmodSync('/dev/net/tun', 0o666);
    directory = mkdtempSync(join(tmpdir(), 'tspod-pasta-'));
    chownSync(directory, UID, UID);
  });
  after(() => {
    chmodSync('/dev/net/tun', tunMode);
    rmSync(directory, { recursive: true, force: true });
  });

  const pasta = JSON.stringify(networkSpec({ mode: 'pasta', options: [] }, [tcpPort(PORT, 80)]));

  /** One user and mount namespace for all commands of the test, as the launcher has it for one login. */
  const asUser = (script: string): string[] => [
    '--reuid',
    String(UID),
    '--regid',
    String(UID),
    '--clear-groups',
    '--',
    'unshare',
    '--user',
    '--map-root-user',
    '--mount',
    'sh',
    '-c',
    script,
  ];

  const environment = { ...process.env, TSPOD_TEST_ROOTLESS: '1', HOME: directory };

  test('a port is forwarded while the container lives, and free again when it is torn down', async () => {
    const node = process.execPath;
    const script = [
      `${node} ${FIXTURE} ${directory} ${ID} '${pasta}' </dev/null || exit 1`,
      `mkdir ${directory}/www; echo inside > ${directory}/www/index.html`,
      `nsenter --net=${directory}/run/netns/${ID} ${programPath('busybox')} httpd -f -p 80 -h ${directory}/www & server=$!`,
      'read line',
      `${node} ${FIXTURE} ${directory} ${'ce'.repeat(32)} '${pasta}' </dev/null 2>&1 | grep -o 'address already in use.*'`,
      'kill $server',
      `${node} --input-type=module -e "$TEARDOWN" ${directory} ${ID}`,
    ].join('\n');
    const child = spawn('setpriv', asUser(script), {
      env: { ...environment, TEARDOWN },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = JSON.parse(String((await lines.next()).value)) as {
      status: { networks: Record<string, unknown> };
    };
    assert.ok('pasta' in first.status.networks);
    const text = await waitFor('the forwarded port', async () =>
      (await fetch(`http://127.0.0.1:${PORT}/`, { headers: { connection: 'close' } })).text(),
    );
    assert.equal(text, 'inside\n');
    child.stdin.write('go on\n');
    assert.match(String((await lines.next()).value), /address already in use by container cdcdcdcdcdcd/);
    await new Promise((resolve) => child.once('exit', resolve));
    await assert.rejects(fetch(`http://127.0.0.1:${PORT}/`));
    assert.equal(existsSync(`${directory}/run/netns/${ID}`), false);
    assert.equal(existsSync(`${directory}/run/networks/containers/${ID}.json`), false);
    const left = spawnSync('pgrep', ['-f', `${directory}/run/netns`], { encoding: 'utf8' });
    assert.equal(left.stdout, '', execFileSync('ps', ['-ef'], { encoding: 'utf8' }));
  });

  test('a tun device that the user may not open is named with its remedy', () => {
    chmodSync('/dev/net/tun', 0o600);
    try {
      const script = `${process.execPath} ${FIXTURE} ${directory} ${ID} '${pasta}' </dev/null`;
      const result = spawnSync('setpriv', asUser(script), { env: environment, encoding: 'utf8' });
      assert.match(result.stderr, /set up network pasta: /);
      assert.match(result.stderr, /chmod 0666 \/dev\/net\/tun/);
      assert.equal(existsSync(`${directory}/run/networks/containers/${ID}.json`), false);
    } finally {
      chmodSync('/dev/net/tun', 0o666);
    }
  });
});

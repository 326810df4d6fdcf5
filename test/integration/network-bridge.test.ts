import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  ConflictError,
  InUseError,
  NotFoundError,
  TspodError,
  UnsupportedError,
} from '../../src/base/errors.ts';
import { newId } from '../../src/base/ids.ts';
import { listLeases } from '../../src/network/address-leases.ts';
import { networkFiles } from '../../src/network/attachment-record.ts';
import type { NetworkStatus } from '../../src/network/backend.ts';
import { networkPlaces } from '../../src/network/context.ts';
import { getNetwork } from '../../src/network/network-store.ts';
import { removeDefaultBridge } from '../../src/network/reset.ts';
import { setupNetwork } from '../../src/network/setup.ts';
import { reconcileNetworks, teardownNetwork } from '../../src/network/teardown.ts';
import type { NetworkAttachment, PortMapping } from '../../src/specgen/container-spec.ts';
import { networkContextIn, networkSpec, tcpPort } from '../fixtures/network-attach.ts';
import { programPath, requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/network-attach.ts');

describe('bridge networks', { skip: requires('root', 'private-network', 'netavark', 'busybox') }, () => {
  let directory: string;
  const dead: string[] = [];
  const children: ChildProcess[] = [];
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-network-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const id of boundIds()) await teardownNetwork(context(), id);
    dead.splice(0);
  });
  after(() => rmSync(directory, { recursive: true }));

  const context = () => networkContextIn(directory, false, dead);
  const files = () => networkFiles(`${directory}/run`);
  const boundIds = (): string[] => (existsSync(files().namespaces) ? readdirSync(files().namespaces) : []);
  const bridge = (...networks: NetworkAttachment[]) => ({
    mode: 'bridge' as const,
    networks: networks.length > 0 ? networks : [attachment('podman')],
  });
  const attachment = (name: string, staticIps: string[] = []): NetworkAttachment => ({
    name,
    aliases: [],
    staticIps,
    staticMac: undefined,
    interfaceName: undefined,
  });

  interface Attached {
    id: string;
    status: NetworkStatus;
    netns: string;
    address: string;
  }
  async function attach(
    ports: PortMapping[] = [],
    networks: NetworkAttachment[] = [],
    id = newId(),
  ): Promise<Attached> {
    const spec = networkSpec(bridge(...networks), ports);
    const setup = await setupNetwork(context(), spec, { containerId: id, containerName: 'c', hostname: 'h' });
    const status = await setup.ready;
    setup.closePorts();
    assert.ok(setup.netns.kind === 'path');
    const address =
      Object.values(status.networks)[0]?.interfaces[0]?.addresses[0]?.ipnet.replace(/\/.*/, '') ?? '';
    return { id, status, netns: setup.netns.path, address };
  }

  /** Everything that a container may leave behind, of all kinds. */
  function traces(id: string, address: string): string[] {
    const found = [];
    const rules = execFileSync('iptables-save', { encoding: 'utf8' });
    if (rules.includes(id) || (address !== '' && rules.includes(`${address}:`))) found.push('firewall rules');
    if (existsSync(join(files().namespaces, id))) found.push('namespace');
    if (existsSync(join(files().records, `${id}.json`))) found.push('record');
    if (listLeases(files().leases, 'podman').some(({ containerId }) => containerId === id))
      found.push('lease');
    return found;
  }

  function serve(netns: string, port: number, text: string): void {
    const root = mkdtempSync(join(directory, 'www-'));
    writeFileSync(join(root, 'index.html'), text);
    const command = ['--net=' + netns, programPath('busybox'), 'httpd', '-f', '-p', String(port), '-h', root];
    children.push(spawn('nsenter', command, { stdio: 'ignore' }));
  }

  const fetchText = async (url: string): Promise<string> =>
    (await fetch(url, { headers: { connection: 'close' } })).text();

  test('a container reaches the host by its gateway, and is reached through a published port', async () => {
    const { netns, status, id, address } = await attach([tcpPort(18080, 80)]);
    serve(netns, 80, 'from inside');
    assert.equal(
      await waitFor('the published port', () => fetchText('http://127.0.0.1:18080/')),
      'from inside',
    );
    const gateway = status.hostAddress ?? assert.fail('no way to the host');
    const server = createServer((_request, response) => response.end('from outside')).listen(0, gateway);
    await new Promise((resolve) => server.once('listening', resolve));
    const place = server.address();
    assert.ok(typeof place === 'object' && place !== null);
    const wget = spawn('nsenter', [
      `--net=${netns}`,
      programPath('busybox'),
      'wget',
      '-qO-',
      `http://${gateway}:${place.port}/`,
    ]);
    let text = '';
    for await (const chunk of wget.stdout) text += String(chunk);
    server.close();
    assert.equal(text, 'from outside');
    await teardownNetwork(context(), id);
    assert.deepEqual(traces(id, address), []);
  });

  test('the network of a container without ports goes with its namespace', async () => {
    await attach();
    const { id, address } = await attach();
    await teardownNetwork(context(), id);
    assert.deepEqual(traces(id, address), []);
    await teardownNetwork(context(), id);
  });

  test('twenty containers at once get twenty addresses', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => attach()));
    assert.equal(new Set(all.map(({ address }) => address)).size, 20);
    for (const { netns, address } of all) {
      assert.match(
        execFileSync('nsenter', [`--net=${netns}`, 'ip', '-o', '-4', 'addr'], { encoding: 'utf8' }),
        new RegExp(`${address}/`),
      );
    }
    dead.push(...all.map(({ id }) => id));
    assert.deepEqual(new Set(await reconcileNetworks(context())), new Set(dead));
    for (const { id, address } of all) assert.deepEqual(traces(id, address), []);
  });

  test('a port is refused while a process of the host has it, and the process is named', async () => {
    const holder = spawn('python3', [
      '-c',
      'import socket,time\ns=socket.socket(); s.bind(("127.0.0.1",18081)); s.listen(); print(1,flush=True); time.sleep(60)',
    ]);
    children.push(holder);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    await assert.rejects(attach([tcpPort(18081, 80)]), (error) => {
      assert.ok(error instanceof ConflictError);
      assert.match(
        error.message,
        /listen tcp4 :18081: bind: address already in use by python3\S* \(pid \d+\)$/,
      );
      return true;
    });
    assert.deepEqual(boundIds(), []);
  });

  test('a port that a set-up container’s descriptors hold is refused to the next one', async () => {
    const first = await setupNetwork(context(), networkSpec(bridge(), [tcpPort(18082, 80)]), {
      containerId: newId(),
      containerName: 'first',
      hostname: 'h',
    });
    await first.ready;
    const keeper = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', ...first.portFds] });
    children.push(keeper);
    await new Promise((resolve) => keeper.once('spawn', resolve));
    first.closePorts();
    await assert.rejects(attach([tcpPort(18082, 80)]), /address already in use by sleep/);
    keeper.kill('SIGKILL');
    await new Promise((resolve) => keeper.once('exit', resolve));
    const { id } = await attach([tcpPort(18082, 81)]);
    assert.ok(id);
  });

  test('a clean-up in the background ends by itself, and the next set-up of the same port waits for it', async () => {
    const first = await attach([tcpPort(18083, 80)]);
    await teardownNetwork(context(), first.id, { background: true });
    const second = await attach([tcpPort(18083, 80)]);
    assert.deepEqual(traces(first.id, first.address), []);
    serve(second.netns, 80, 'second');
    assert.equal(await waitFor('the published port', () => fetchText('http://127.0.0.1:18083/')), 'second');
  });

  test('a static address is given once', async () => {
    const subnet = getNetwork(networkPlaces(context()), 'podman').subnets?.[0]?.subnet ?? '';
    const wanted = subnet.replace(/0\.0\/16$/, '77.77');
    const { address } = await attach([], [attachment('podman', [wanted])]);
    assert.equal(address, wanted);
    await assert.rejects(attach([], [attachment('bridge', [wanted])]), InUseError);
    await assert.rejects(attach([], [attachment('nowhere')]), NotFoundError);
  });

  test('starting the same container again replaces what an earlier start left', async () => {
    const first = await attach([tcpPort(18084, 80)]);
    const again = await attach([tcpPort(18084, 81)], [], first.id);
    assert.notEqual(again.address, first.address);
    assert.equal(execFileSync('iptables-save', { encoding: 'utf8' }).includes(`${first.address}:80`), false);
  });

  for (const point of ['netns', 'lease', 'record', 'setup']) {
    test(`killed after ${point}, a set-up leaves nothing once it is torn down`, async () => {
      const id = newId();
      const spec = JSON.stringify(networkSpec(bridge(), [tcpPort(18085, 80)]));
      const killed = spawnSync(process.execPath, [FIXTURE, directory, id, spec], {
        env: { ...process.env, TSPOD_CRASH_AT: `network-after-${point}` },
        encoding: 'utf8',
      });
      assert.equal(killed.signal, 'SIGKILL', killed.stderr);
      const before = listLeases(files().leases, 'podman').find(({ containerId }) => containerId === id);
      await teardownNetwork(context(), id);
      assert.deepEqual(traces(id, before?.address ?? ''), []);
    });
  }

  test('killed while netavark works, it is finished first and undone then', async () => {
    const id = newId();
    const spec = JSON.stringify(networkSpec(bridge(), [tcpPort(18086, 80)]));
    const child = spawn(process.execPath, [FIXTURE, directory, id, spec], { stdio: 'ignore' });
    children.push(child);
    await waitFor('the first rule', () =>
      execFileSync('iptables-save', { encoding: 'utf8' }).includes('18086'),
    );
    child.kill('SIGKILL');
    const lease = listLeases(files().leases, 'podman').find(({ containerId }) => containerId === id);
    await teardownNetwork(context(), id);
    assert.deepEqual(traces(id, lease?.address ?? ''), []);
  });

  test('a namespace that somebody removed does not keep the rules from being removed', async () => {
    const { id, netns, address } = await attach([tcpPort(18087, 80)]);
    execFileSync('umount', [netns]);
    rmSync(netns);
    await teardownNetwork(context(), id);
    assert.deepEqual(traces(id, address), []);
  });

  test('a failed set-up tells netavark’s reason and is undone', async () => {
    const network = {
      ...getNetwork(networkPlaces(context()), 'podman'),
      name: 'bad',
      id: 'bad1',
      network_interface: 'lo',
    };
    const place = `${directory}/networks`;
    execFileSync('mkdir', ['-p', place]);
    writeFileSync(join(place, 'bad.json'), JSON.stringify(network));
    await assert.rejects(attach([tcpPort(18088, 80)], [attachment('bad')]), (error) => {
      assert.ok(error instanceof TspodError);
      assert.match(error.message, /^set up network bad: netavark: ./);
      return true;
    });
    assert.deepEqual(boundIds(), []);
    const { id } = await attach([tcpPort(18088, 80)]);
    assert.ok(id);
  });

  test('a reset removes the default bridge with its rules, unless a container needs it', async () => {
    const { id, netns } = await attach();
    await removeDefaultBridge(context());
    execFileSync('nsenter', [`--net=${netns}`, 'ip', 'link', 'show', 'eth0']);
    await teardownNetwork(context(), id);
    await removeDefaultBridge(context());
    await removeDefaultBridge(context());
    const subnet = getNetwork(networkPlaces(context()), 'podman').subnets?.[0]?.subnet ?? 'none';
    assert.ok(!execFileSync('iptables-save', { encoding: 'utf8' }).includes(subnet));
    assert.doesNotMatch(execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }), /tspod-/);
  });

  test('modes without a backend touch nothing', async () => {
    const request = { containerId: newId(), containerName: 'c', hostname: 'h' };
    const none = await setupNetwork(context(), networkSpec({ mode: 'none' }), request);
    assert.deepEqual([none.netns, await none.ready], [{ kind: 'new' }, { networks: {} }]);
    const host = await setupNetwork(context(), networkSpec({ mode: 'host' }), request);
    assert.deepEqual(host.netns, { kind: 'host' });
    await assert.rejects(
      setupNetwork(context(), networkSpec({ mode: 'ns', path: '/nowhere' }), request),
      /no network namespace at \/nowhere/,
    );
    await assert.rejects(
      setupNetwork(context(), networkSpec({ mode: 'slirp4netns', options: [] }), request),
      UnsupportedError,
    );
  });
});

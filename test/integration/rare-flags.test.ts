import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

/** Flags that hardly anybody needs, by what they change. */
const NO_NETWORK = ['--network', 'none'];
const BUSYBOX = 'localhost/busybox';

before(() => busyboxImage());

describe('ids', () => {
  it('are in full in mount with --no-trunc', { skip: requires('root') }, async () => {
    const id = await tspodOk(['create', ...NO_NETWORK, BUSYBOX, 'true']);
    await tspodOk(['mount', id]);
    assert.match(await tspodOk(['mount']), new RegExp(`^${id.slice(0, 12)} +/`, 'm'));
    assert.match(await tspodOk(['mount', '--no-trunc']), new RegExp(`^${id} +/`, 'm'));
    await tspodOk(['umount', id]);
    await tspodOk(['rm', id]);
  });

  it('are in full in events, unless there is --no-trunc=false', async () => {
    const name = freshName('told');
    const id = await tspodOk(['create', '--name', name, ...NO_NETWORK, BUSYBOX, 'true']);
    const list = ['events', '--stream=false', '--since', '5m', '--filter', `container=${name}`];
    for (const flag of [[], ['--no-trunc']])
      assert.match(await tspodOk([...list, ...flag]), new RegExp(` create ${id} `));
    assert.match(await tspodOk([...list, '--no-trunc=false']), new RegExp(` create ${id.slice(0, 12)} `));
    await tspodOk(['rm', name]);
  });
});

describe('commit --include-volumes', () => {
  it('gives containers of the image a volume where the first had one, without its content', async () => {
    const id = await tspodOk([
      'create',
      ...NO_NETWORK,
      '-v',
      '/data',
      BUSYBOX,
      'sh',
      '-c',
      'echo x >/data/x',
    ]);
    await tspodOk(['start', '-a', id]);
    const look = async (...flags: string[]): Promise<string> => {
      const image = `localhost/${freshName('committed')}`;
      await tspodOk(['commit', '-q', ...flags, id, image]);
      const script = 'grep -c " /data " /proc/mounts; ls /data';
      return (await tspod(['run', '--rm', ...NO_NETWORK, image, 'sh', '-c', script])).stdout;
    };
    assert.equal(await look('--include-volumes'), '1\n');
    assert.equal(await look(), '0\n');
    await tspodOk(['rm', '-v', id]);
  });
});

describe('container runlabel, whose image is in a registry', { skip: requires('docker-registry') }, () => {
  const user = { name: 'ann', password: 'secret' };
  let registry: TestRegistry;
  let image = '';

  before(async () => {
    registry = await startRegistry({ user, tls: true });
    image = `${registry.host}/labelled`;
    const id = await tspodOk(['create', BUSYBOX]);
    const label = 'LABEL RUN="podman run --rm --network none IMAGE echo ran"';
    await tspodOk(['commit', '-q', '--change', label, id, image]);
    await tspodOk(['rm', id]);
    await tspodOk(['push', '-q', '--creds', 'ann:secret', '--cert-dir', registry.certificates, image]);
  });
  after(async () => await registry?.stop());

  const runlabel = async (...flags: string[]) => {
    await tspod(['rmi', image]);
    return await tspod(['container', 'runlabel', ...flags, 'RUN', image]);
  };

  it('needs --creds or an --authfile', async () => {
    const certificates = ['--cert-dir', registry.certificates];
    const auth = join(testRoot().base, freshName('auth.json'));
    const token = Buffer.from('ann:secret').toString('base64');
    writeFileSync(auth, JSON.stringify({ auths: { [registry.host]: { auth: token } } }));
    assert.equal((await runlabel(...certificates)).code, 125);
    for (const flags of [
      ['--creds', 'ann:secret'],
      ['--authfile', auth],
    ]) {
      const { code, stdout, stderr } = await runlabel(...certificates, ...flags);
      assert.deepEqual([code, stdout], [0, 'ran\n'], stderr);
    }
  });

  it('needs --cert-dir or --tls-verify=false, where nobody knows its certificate', async () => {
    const creds = ['--creds', 'ann:secret'];
    const none = join(testRoot().base, 'no-certificates');
    mkdirSync(none, { recursive: true });
    for (const flags of [[], ['--cert-dir', none], ['--tls-verify=true']])
      assert.match((await runlabel(...creds, ...flags)).stderr, /certificate/);
    const { code, stdout, stderr } = await runlabel(...creds, '--tls-verify=false');
    assert.deepEqual([code, stdout], [0, 'ran\n'], stderr);
  });
});

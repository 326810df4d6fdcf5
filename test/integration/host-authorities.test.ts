import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { busyboxArchive, busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { type HttpProxy, startHttpProxy } from '../fixtures/http-proxy.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { programPath, requires } from '../fixtures/requires.ts';

const ann = { name: 'ann', password: 'secret' };
const CREDS = ['--creds', `${ann.name}:${ann.password}`];

describe('authorities that the host trusts', { skip: requires('docker-registry') }, () => {
  let registry: TestRegistry;
  let other: TestRegistry;
  let image: string;
  let authority: string;
  before(async () => {
    image = await busyboxImage();
    [registry, other] = await Promise.all([
      startRegistry({ tls: true, user: ann }),
      startRegistry({ tls: true }),
    ]);
    authority = join(registry.certificates, 'ca.crt');
  });
  after(() => Promise.all([registry?.stop(), other?.stop()]));

  test('hold for registries: by a file, or by directories', async () => {
    const name = `${registry.host}/trusted:1`;
    assert.match((await tspod(['push', ...CREDS, image, name])).stderr, /cannot be verified: [^;]*\nput its/);
    await tspodOk(['push', '-q', ...CREDS, image, name], { env: { SSL_CERT_FILE: authority } });
    const empty = join(testRoot().base, 'no-authorities');
    mkdirSync(empty, { recursive: true });
    const directories = { SSL_CERT_DIR: `${empty}:/nowhere:${registry.certificates}` };
    await tspodOk(['pull', '-q', ...CREDS, name], { env: directories });
  });

  test('hold beside those of --cert-dir, and junk among them is no harm', async () => {
    const name = `${registry.host}/trusted:2`;
    const bundle = join(testRoot().base, 'bundle.pem');
    writeFileSync(bundle, `# comment\n${BROKEN}\n${readFileSync(authority, 'utf8')}`);
    const env = { SSL_CERT_FILE: bundle };
    await tspodOk(['push', '-q', ...CREDS, '--cert-dir', other.certificates, image, name], { env });
    await tspodOk(['push', '-q', ...CREDS, image, name], { env });
    await tspodOk(['push', '-q', '--cert-dir', other.certificates, image, `${other.host}/trusted:2`], {
      env,
    });
  });

  test('of --cert-dir that are none are told', async () => {
    const directory = join(testRoot().base, 'broken-certificates');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'ca.crt'), BROKEN);
    const { code, stderr } = await tspod(['pull', '--cert-dir', directory, `${registry.host}/trusted:1`]);
    assert.equal(code, 125);
    assert.match(stderr, /the certificates for registry 127\.0\.0\.1:\d+ cannot be used: .*\n\*\.crt are/);
  });

  test('hold likewise for skopeo', { skip: requires('skopeo') }, async () => {
    const name = `docker://${registry.host}/trusted:1`;
    const { code, stderr } = await runProgram(
      programPath('skopeo'),
      ['inspect', '--creds', `${ann.name}:${ann.password}`, name],
      { env: { PATH: process.env['PATH'] ?? '', SSL_CERT_FILE: authority } },
    );
    assert.equal(code, 0, stderr);
  });
});

describe('files of the web', { skip: requires('docker-registry') }, () => {
  let proxy: HttpProxy;
  let server: ReturnType<typeof createServer>;
  let keys: TestRegistry;
  let address: string;
  before(async () => {
    [proxy, keys] = await Promise.all([startHttpProxy(), startRegistry({ tls: true })]);
    const [key, cert] = ['server.pem', 'ca.crt'].map((name) => readFileSync(join(keys.certificates, name)));
    server = createServer({ key, cert }, (request, response) => {
      const isKnown =
        request.headers.authorization === `Basic ${Buffer.from('ann:secret').toString('base64')}`;
      response.writeHead(isKnown ? 200 : 401).end(isKnown ? readFileSync(busyboxArchive()) : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `https://ann:secret@127.0.0.1:${(server.address() as AddressInfo).port}/busybox.tar`;
    await busyboxImage();
  });
  after(async () => {
    server?.closeAllConnections();
    await Promise.all([proxy?.stop(), keys?.stop(), new Promise((resolve) => server?.close(resolve))]);
  });

  const env = () => ({
    SSL_CERT_FILE: join(keys.certificates, 'ca.crt'),
    HTTPS_PROXY: proxy.url,
    NO_PROXY: undefined,
    no_proxy: undefined,
  });

  test('import and ADD fetch by the host’s authorities, its proxy and the login in the address', async () => {
    proxy.requests.length = 0;
    const id = await tspodOk(['import', '-q', address, 'of-the-web:1'], { env: env() });
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.equal(proxy.requests.length, 1);
    const context = join(testRoot().base, 'web-context');
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, 'Containerfile'), `FROM localhost/busybox\nADD ${address} /got.tar\n`);
    await tspodOk(['build', '-q', '-t', 'added', context], { env: env() });
    assert.equal(proxy.requests.length, 2);
    const size = await tspodOk(['run', '--rm', '--network', 'none', 'added', 'stat', '-c', '%s', '/got.tar']);
    assert.equal(Number(size), readFileSync(busyboxArchive()).length);
  });

  test('say what was wrong, without the login', async () => {
    const wrong = address.replace('secret', 'topsecret');
    for (const [args, message] of [
      [
        ['import', wrong, 'x:1'],
        /cannot fetch https:\/\/127\.0\.0\.1:\d+\/busybox\.tar: the server answers 401/,
      ],
      [['import', 'https://', 'x:1'], /https:\/\/ is not an http\(s\) address/],
    ] as const) {
      const { code, stderr } = await tspod([...args], { env: env() });
      assert.equal(code, 125);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /topsecret/);
    }
    const { code, stderr } = await tspod(['import', address, 'x:1']);
    assert.equal(code, 125);
    assert.match(stderr, /certificate cannot be verified/);
  });
});

const BROKEN = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';

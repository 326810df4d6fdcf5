import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, type TestRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';
import { putBlob, putManifest } from '../fixtures/registry-contents.ts';

let root: TestRoot;
const policy = () => join(root.base, 'policy.json');
const trust = (...args: string[]) => tspodOk(['image', 'trust', ...args, '--policypath', policy()], { root });
const config = (path: string) => join(root.base, 'config/containers', path);

describe('image trust', () => {
  before(() => {
    root = makeTestRoot();
  });

  test('sets rules and shows them', async () => {
    await trust('set', '-t', 'reject', 'default');
    await trust('set', '-t', 'accept', 'docker.io');
    const key = join(root.base, 'some.pub');
    writeFileSync(key, 'x');
    await trust('set', '-t', 'sigstoreSigned', '-f', key, 'quay.io/some');
    mkdirSync(config('registries.d'), { recursive: true });
    writeFileSync(
      config('registries.d/a.yaml'),
      'default-docker: # all others\n  lookaside: file:///none\ndocker:\n  "quay.io":\n    lookaside: https://look.example/sigs\n',
    );
    const rows = (await trust('show')).split('\n').map((line) => line.trim().split(/ {2,}/));
    assert.deepEqual(rows, [
      ['TRANSPORT', 'NAME', 'TYPE', 'ID', 'STORE'],
      ['all', 'default', 'reject', 'file:///none'],
      ['repository', 'docker.io', 'accept', 'file:///none'],
      ['repository', 'quay.io/some', 'sigstoreSigned', 'N/A', 'https://look.example/sigs'],
    ]);
    assert.deepEqual(JSON.parse(await trust('show', '--json')), [
      {
        transport: 'all',
        name: '* (default)',
        repo_name: 'default',
        sigstore: 'file:///none',
        type: 'reject',
      },
      {
        transport: 'repository',
        name: 'docker.io',
        repo_name: 'docker.io',
        sigstore: 'file:///none',
        type: 'accept',
      },
      {
        transport: 'repository',
        name: 'quay.io/some',
        repo_name: 'quay.io/some',
        sigstore: 'https://look.example/sigs',
        type: 'sigstoreSigned',
        gpg_id: 'N/A',
      },
    ]);
    assert.equal(`${await trust('show', '--raw')}\n`, readFileSync(policy(), 'utf8'));
    const wrong = await tspod(['image', 'trust', 'set', '--policypath', policy(), 'quay.io'], { root });
    assert.match(wrong.stderr, /at least one public key must be defined for type 'signedBy'/);
  });

  test('what a user may not write is named', { skip: requires('rootless') }, async () => {
    const { code, stderr } = await tspod([
      ...['image', 'trust', 'set', '-t', 'accept', '--policypath', '/etc/policy.json', 'default'],
    ]);
    assert.equal(code, 125);
    assert.match(stderr, /cannot write policy \/etc\/policy\.json: permission denied/);
  });

  test('a policy refuses archives, too', async () => {
    writeFileSync(config('policy.json'), JSON.stringify({ default: [{ type: 'reject' }] }));
    const archive = join(root.base, 'image.tar');
    await tspodOk(['import', '-q', busyboxArchive(), 'localhost/a:1'], { root });
    await tspodOk(['save', '-q', '-o', archive, 'localhost/a:1'], { root });
    const refused = await tspod(['load', '-q', '-i', archive], { root });
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /docker-archive:.*rejected by policy/);
    const accept = join(root.base, 'accept.json');
    writeFileSync(accept, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
    await tspodOk(['load', '-q', '--signature-policy', accept, '-i', archive], { root });
  });
});

describe('a pull that wants a signature', { skip: requires('docker-registry') }, () => {
  let registry: TestRegistry;
  let digest: string;
  const name = () => `${registry.host}/app:1`;
  const pull = (wanted = name()) => tspod(['pull', '-q', '--tls-verify=false', wanted], { root });
  const want = (rule: object) => writeFileSync(config('policy.json'), JSON.stringify({ default: [rule] }));
  const claim = (type: string, reference: string) =>
    JSON.stringify({
      critical: {
        type,
        image: { 'docker-manifest-digest': digest },
        identity: { 'docker-reference': reference },
      },
      optional: {},
    });

  before(async () => {
    root = makeTestRoot();
    registry = await startRegistry();
    await tspodOk(['import', '-q', busyboxArchive(), 'localhost/app:1'], { root });
    const file = join(root.base, 'digest');
    await tspodOk(['push', '-q', '--tls-verify=false', '--digestfile', file, 'localhost/app:1', name()], {
      root,
    });
    digest = readFileSync(file, 'utf8').trim();
  });
  after(() => registry?.stop());

  test('takes one by a public key, beside the image in the registry', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const key = join(root.base, 'cosign.pub');
    writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }));
    want({ type: 'sigstoreSigned', keyPath: key });
    const none = await pull();
    assert.equal(none.code, 125);
    assert.match(none.stderr, /wants a signature \(sigstoreSigned\).*it has none/);

    const put = async (payload: string, signature: Buffer) => {
      const layer = await putBlob(registry, 'app', payload);
      const image = await putBlob(registry, 'app', '{}');
      await putManifest(registry, 'app', `${digest.replace(':', '-')}.sig`, {
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...image },
        layers: [
          {
            mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
            ...layer,
            annotations: { 'dev.cosignproject.cosign/signature': signature.toString('base64') },
          },
        ],
      });
    };
    const good = claim('cosign container image signature', name());
    await put(`${good} `, sign('sha256', Buffer.from(good), privateKey));
    assert.match((await pull()).stderr, /not by the key of the policy/);
    const other = claim('cosign container image signature', `${registry.host}/other:1`);
    await put(other, sign('sha256', Buffer.from(other), privateKey));
    assert.match((await pull()).stderr, /a signature is for .*\/other:1/);
    await put(good, sign('sha256', Buffer.from(good), privateKey));
    const pulled = await pull();
    assert.equal(pulled.code, 0, pulled.stderr);
    assert.equal((await pull(`${registry.host}/app@${digest}`)).code, 0);
    want({ type: 'sigstoreSigned', keyPath: key, rekorPublicKeyPath: key });
    assert.match((await pull()).stderr, /rekorPublicKeyPath of sigstoreSigned is not supported/);
  });

  test('takes one by gpg, from where registries.d says', { skip: requires('gpg') }, async () => {
    const home = join(root.base, 'gpg');
    mkdirSync(home, { mode: 0o700 });
    const gpg = (args: string[], input = '') => {
      const done = spawnSync('gpg', ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', ...args], {
        input,
      });
      assert.equal(done.status, 0, done.stderr.toString());
      return done.stdout;
    };
    try {
      for (const person of ['alice', 'mallory'])
        gpg([
          '--passphrase',
          '',
          '--quick-gen-key',
          `${person} <${person}@example.com>`,
          'default',
          'default',
          'never',
        ]);
      const key = join(root.base, 'alice.pub');
      writeFileSync(key, gpg(['--armor', '--export', 'alice@example.com']));
      want({ type: 'signedBy', keyType: 'GPGKeys', keyPath: key });
      const signatures = join(root.base, `signatures/app@${digest.replace(':', '=')}`);
      mkdirSync(signatures, { recursive: true });
      mkdirSync(config('registries.d'), { recursive: true });
      writeFileSync(
        config('registries.d/here.yaml'),
        `docker:\n  ${registry.host}:\n    lookaside: file://${root.base}/signatures\n`,
      );
      assert.match((await pull()).stderr, /wants a signature \(signedBy\).*it has none/);
      const text = claim('atomic container signature', name());
      const signBy = (person: string, what: string) =>
        gpg(['--local-user', `${person}@example.com`, '--sign'], what);
      writeFileSync(join(signatures, 'signature-1'), signBy('mallory', text));
      assert.match((await pull()).stderr, /not by a key of the policy/);
      writeFileSync(join(signatures, 'signature-2'), signBy('alice', text));
      const pulled = await pull();
      assert.equal(pulled.code, 0, pulled.stderr);
      const rows = await tspodOk(['image', 'trust', 'show', '--noheading'], { root });
      assert.match(rows, /^all +default +signed +alice@example\.com/);
    } finally {
      spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    }
  });
});

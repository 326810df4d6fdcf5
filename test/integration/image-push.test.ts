import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  makeTestRoot,
  rootArguments,
  runProgram,
  TSPOD,
  testEnvironment,
  testRoot,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

const INSECURE = '--tls-verify=false';
const USER = { name: 'ann', password: 'pass-word' };

describe('push', { skip: requires('docker-registry') }, () => {
  let registry: TestRegistry;
  let image: string;
  before(async () => {
    registry = await startRegistry();
    image = await busyboxImage();
  });
  after(() => registry?.stop());

  const id = (name: string, root = testRoot()) =>
    tspodOk(['image', 'inspect', '--format', '{{.Id}}', name], { root });
  const manifest = async (name: string): Promise<{ mediaType: string; layers: { mediaType: string }[] }> => {
    const accept = ['oci.image', 'docker.distribution'].map(
      (kind) => `application/vnd.${kind}.manifest.${kind.startsWith('oci') ? 'v1' : 'v2'}+json`,
    );
    const [path, tag] = name.split(':');
    const answer = await fetch(`${registry.url}/v2/${path}/manifests/${tag}`, {
      headers: { accept: accept.join() },
    });
    assert.equal(answer.status, 200);
    return (await answer.json()) as { mediaType: string; layers: { mediaType: string }[] };
  };

  test('sends an image that comes back the same', async () => {
    const digestFile = join(testRoot().base, 'digest');
    await tspodOk(['push', INSECURE, '--digestfile', digestFile, image, `${registry.host}/plain:1`]);
    const root = makeTestRoot();
    await tspodOk(['pull', '-q', INSECURE, `${registry.host}/plain:1`], { root });
    assert.equal(await id(`${registry.host}/plain:1`, root), await id(image));
    const digests = await tspodOk(['image', 'inspect', '--format', '{{.RepoDigests}}', image]);
    assert.ok(digests.includes(`${registry.host}/plain@${readFileSync(digestFile, 'utf8')}`), digests);
    const row = ['images', '--format', '{{.Digest}}', `${registry.host}/plain`];
    assert.equal(await tspodOk(row, { root }), readFileSync(digestFile, 'utf8'));
    await tspodOk(['tag', image, `${registry.host}/plain:1`]);
    assert.equal(await tspodOk(row), readFileSync(digestFile, 'utf8'));
    // The layer is checked against its digest when it is written out again.
    await tspodOk(['save', '-q', '-o', join(root.base, 'again.tar'), `${registry.host}/plain:1`], { root });
  });

  test('takes the name as the destination, and needs one for an image without', async () => {
    await tspodOk(['tag', image, `${registry.host}/named:7`]);
    await tspodOk(['push', '-q', INSECURE, `${registry.host}/named:7`]);
    await manifest('named:7');
    const { code, stderr } = await tspod(['push', INSECURE, (await id(image)).slice(0, 12)]);
    assert.equal(code, 125);
    assert.match(stderr, /needs a destination/);
  });

  test('says as docker what it did, and sends no layer twice', async () => {
    const folder = mkdtempSync(join(testRoot().base, 'docker-'));
    symlinkSync(TSPOD, join(folder, 'docker'));
    const docker = async (...args: string[]): Promise<string> => {
      const all = [...rootArguments(testRoot()), ...args];
      const result = await runProgram(join(folder, 'docker'), all, { env: testEnvironment() });
      assert.equal(result.code, 0, result.stderr);
      return result.stdout;
    };
    const name = `${registry.host}/docker/one`;
    for (const tag of ['a', 'b']) await docker('tag', image, `${name}:${tag}`);
    await docker('push', INSECURE, '--help');
    const first = await docker('push', INSECURE, '--all-tags', name);
    assert.match(first, new RegExp(`^The push refers to repository \\[${name}\\]\n`));
    assert.match(first, /^[0-9a-f]{12}: (Pushed|Layer already exists)\n/m);
    assert.match(first, /^a: digest: sha256:[0-9a-f]{64} size: \d+$/m);
    assert.match(first, /^b: digest: sha256:[0-9a-f]{64} size: \d+$/m);
    const second = await docker('push', INSECURE, `${name}:a`);
    assert.match(second, /: Layer already exists$/m);
    assert.doesNotMatch(second, /Pushed/);
  });

  test('has another repository of the registry hand a layer over', async () => {
    await tspodOk(['push', '-q', INSECURE, image, `${registry.host}/mount/from:1`]);
    const { stderr } = await tspod(['push', INSECURE, image, `${registry.host}/mount/to:1`]);
    assert.match(stderr, /Copying blob/);
    assert.deepEqual(await manifest('mount/to:1'), await manifest('mount/from:1'));
  });

  for (const [format, flags, layer] of [
    ['oci', ['--format', 'oci'], 'oci.image.layer.v1.tar+gzip'],
    ['v2s2', ['--format', 'v2s2'], 'docker.image.rootfs.diff.tar.gzip'],
    ['zstd', ['--compression-format', 'zstd', '--force-compression'], 'oci.image.layer.v1.tar+zstd'],
    ['level', ['--compression-format', 'gzip', '--compression-level', '9'], 'oci.image.layer.v1.tar+gzip'],
  ] as const) {
    test(`packs as it is told: ${format}`, async () => {
      await tspodOk(['push', '-q', INSECURE, ...flags, image, `${registry.host}/as/${format}:1`]);
      const { layers } = await manifest(`as/${format}:1`);
      assert.deepEqual(
        layers.map((one) => one.mediaType),
        [`application/vnd.${layer}`],
      );
      const root = makeTestRoot();
      await tspodOk(['pull', '-q', INSECURE, `${registry.host}/as/${format}:1`], { root });
      assert.equal(await id(`${registry.host}/as/${format}:1`, root), await id(image));
    });
  }

  test('pushes what it pulled with the digest that it had', async () => {
    await tspodOk(['push', '-q', INSECURE, image, `${registry.host}/first:1`]);
    const root = makeTestRoot();
    await tspodOk(['pull', '-q', INSECURE, `${registry.host}/first:1`], { root });
    await tspodOk(['push', '-q', INSECURE, `${registry.host}/first:1`, `${registry.host}/second:1`], {
      root,
    });
    assert.deepEqual(await manifest('second:1'), await manifest('first:1'));
  });

  test('search finds what was pushed, and its tags', async () => {
    for (const tag of ['1', '2'])
      await tspodOk(['push', '-q', INSECURE, image, `${registry.host}/found/it:${tag}`]);
    const found = await tspodOk(['search', INSECURE, `${registry.host}/found`]);
    assert.match(found, new RegExp(`^NAME +DESCRIPTION\n${registry.host}/found/it`));
    const tags = await tspodOk(['search', INSECURE, '--list-tags', `${registry.host}/found/it`]);
    assert.deepEqual(
      tags
        .split('\n')
        .map((line) => line.trim().split(/ +/).at(-1))
        .sort(),
      ['1', '2', 'TAG'],
    );
    const none = await tspodOk(['search', INSECURE, '--format', 'json', `${registry.host}/nothing-like-it`]);
    assert.equal(none, '[]');
    const wrong = await tspod(['search', INSECURE, '--filter', 'x=1', `${registry.host}/found`]);
    assert.match(wrong.stderr, /invalid filter/);
  });

  test('refuses what it cannot do by name', async () => {
    for (const [args, message] of [
      [['--format', 'v2s1'], /v2s1 is not supported/],
      [['--format', 'v2s2', '--compression-format', 'zstd'], /zstd need the format oci/],
      [['--compression-format', 'zstd:chunked'], /zstd:chunked is not supported/],
      [['--compression-level', '77'], /between 1 and 9/],
      [['--sign-by-sigstore', 'me'], /--sign-by-sigstore is not supported by tspod: .*cosign/],
      [['--encryption-key', 'me'], /--encryption-key is not supported by tspod: .*skopeo/],
    ] as const) {
      const { code, stderr } = await tspod(['push', INSECURE, ...args, image, `${registry.host}/no:1`]);
      assert.equal(code, 125);
      assert.match(stderr, message);
    }
  });

  test('names a copy within the storage, and knows what is no place for images', async () => {
    const name = 'example.com/copied:1';
    await tspodOk(['push', '-q', image, `containers-storage:${name}`]);
    assert.equal(await id(name), await id(image));
    assert.equal(await tspodOk(['pull', '-q', `containers-storage:${name}`]), await id(image));
    for (const [args, message] of [
      [['pull', '-q', 'containers-storage:none'], /none: image not known/],
      [
        ['pull', '-q', 'docker-daemon:a:1'],
        /pulling from docker-daemon: .*\n.*docker save IMAGE \| tspod load/,
      ],
      [['push', '-q', image, 'docker-daemon:a:1'], /pushing to docker-daemon: .*\n.*tspod save IMAGE/],
      [['push', '-q', image, 'ostree:a'], /pushing to ostree: is not supported\nuse docker:/],
      [['push', '-q', image, 'containers-storage:[vfs@/x]a'], /only this storage/],
      [['push', '-q', image, `${registry.host}/a@sha256:${'0'.repeat(64)}`], /has a tag, not a digest/],
      [
        ['push', '-q', INSECURE, '--digestfile', '/none/x', image, `${registry.host}/d`],
        /^Error: open \/none\/x/,
      ],
    ] as const) {
      const { code, stderr } = await tspod([...args]);
      assert.equal(code, 125);
      assert.match(stderr, message);
    }
  });

  const skipPodman = requires('root', 'podman', 'skopeo');
  test('is understood by podman and skopeo', { skip: skipPodman }, async () => {
    const base = mkdtempSync(join(testRoot().base, 'peer-'));
    for (const compression of ['gzip', 'zstd']) {
      const name = `${registry.host}/peer/${compression}:1`;
      await tspodOk([
        'push',
        '-q',
        INSECURE,
        '--compression-format',
        compression,
        '--force-compression',
        image,
        name,
      ]);
      const copied = join(base, compression);
      mkdirSync(copied);
      const { code, stderr } = await runProgram('skopeo', [
        ...['copy', '--insecure-policy', '--src-tls-verify=false', `docker://${name}`, `dir:${copied}`],
      ]);
      assert.equal(code, 0, stderr);
      const root = [
        '--root',
        join(base, `root-${compression}`),
        '--runroot',
        join(base, `run-${compression}`),
      ];
      const pulled = await runProgram('podman', [
        ...root,
        '--storage-driver=vfs',
        'pull',
        '-q',
        INSECURE,
        name,
      ]);
      assert.equal(pulled.code, 0, pulled.stderr);
      assert.equal(pulled.stdout.trim(), await id(image));
    }
  });

  test('writes archives and directories that others read', { skip: requires('skopeo') }, async () => {
    const base = mkdtempSync(join(testRoot().base, 'archives-'));
    const isRoot = requires('root') === false;
    for (const [to, from = to] of [
      [`docker-archive:${base}/a.tar:quay.io/x/y:1`, `docker-archive:${base}/a.tar`],
      [`oci:${base}/layout:one`],
      [`oci:${base}/layout:two`],
      // skopeo gives what it unpacks to the archive's owner, which only root may.
      ...(isRoot ? [[`oci-archive:${base}/b.tar:x`]] : []),
      [`dir:${base}/dir`],
    ] as [string, string?][]) {
      await tspodOk(['push', '-q', image, to]);
      const { code, stdout, stderr } = await runProgram('skopeo', ['inspect', '--config', '--raw', from]);
      assert.equal(code, 0, `${to}: ${stderr}`);
      assert.match(stdout, /"diff_ids"/);
    }
    const index = JSON.parse(readFileSync(join(base, 'layout/index.json'), 'utf8')) as {
      manifests: unknown[];
    };
    assert.equal(index.manifests.length, 2);
    const again = await tspod(['push', '-q', image, `docker-archive:${base}/a.tar`]);
    assert.equal(again.code, 125);
    assert.match(again.stderr, /cannot be changed/);
  });
});

describe('a registry with TLS and passwords', { skip: requires('docker-registry') }, () => {
  let registry: TestRegistry;
  let image: string;
  let authfile: string;
  before(async () => {
    registry = await startRegistry({ user: USER, tls: true });
    image = await busyboxImage();
    authfile = join(testRoot().base, 'logins/auth.json');
  });
  after(() => registry?.stop());

  const certificates = () => ['--cert-dir', registry.certificates];

  test('is refused without its authority, by name', async () => {
    const { code, stderr } = await tspod(['push', image, `${registry.host}/one:1`]);
    assert.equal(code, 125);
    assert.match(stderr, /certificate cannot be verified/);
  });

  test('is refused without a login, which the hint names', async () => {
    for (const args of [
      ['push', ...certificates(), image, `${registry.host}/one:1`],
      ['pull', ...certificates(), `${registry.host}/one:1`],
    ]) {
      const { code, stderr } = await tspod(args);
      assert.equal(code, 125);
      assert.match(stderr, new RegExp(`tspod login ${registry.host}`));
    }
  });

  test('takes a login, which push and pull then use, until the logout', async () => {
    const file = ['--authfile', authfile];
    const wrong = await tspod(
      ['login', ...file, ...certificates(), '-u', USER.name, '--password-stdin', registry.host],
      { input: 'wrong' },
    );
    assert.equal(wrong.code, 125);
    assert.match(wrong.stderr, /invalid username\/password/);
    const login = [
      'login',
      ...file,
      ...certificates(),
      '-u',
      USER.name,
      '--password-stdin',
      '-v',
      registry.host,
    ];
    const right = await tspodOk(login, { input: `${USER.password}\n` });
    assert.equal(right, `Used:  ${authfile}\nLogin Succeeded!`);
    assert.equal(await tspodOk(['login', ...file, '--get-login', registry.host]), USER.name);
    await tspodOk(['logout', ...file, registry.host]);
    // Under the name of the secret, unless told another one.
    await tspodOk(['secret', 'create', USER.name, '-'], { input: USER.password });
    const bySecret = ['login', ...file, ...certificates(), '--secret', USER.name];
    await tspodOk([...bySecret, registry.host]);
    assert.equal(await tspodOk(['login', ...file, '--get-login', registry.host]), USER.name);
    assert.equal((await tspod([...bySecret, '-u', 'bob', registry.host])).code, 125);
    const both = await tspod([...bySecret, '-p', 'x', registry.host]);
    assert.match(both.stderr, /--secret can not be used with --password/);
    const none = await tspod(['login', ...file, '--secret', 'nowhere', registry.host]);
    assert.match(none.stderr, /no such secret|nowhere/);
    await tspodOk(['secret', 'rm', USER.name]);
    await tspodOk(['push', '-q', ...file, ...certificates(), image, `${registry.host}/one:1`]);
    await tspodOk(['pull', '-q', ...file, ...certificates(), `${registry.host}/one:1`]);
    assert.match(
      await tspodOk(['login', ...file, ...certificates(), registry.host]),
      /credentials are valid/,
    );
    assert.match(await tspodOk(['logout', ...file, registry.host]), /^Removed login credentials for/);
    assert.equal((await tspod(['logout', ...file, registry.host])).code, 125);
    assert.equal(
      (await tspod(['pull', '-q', ...file, ...certificates(), `${registry.host}/one:1`])).code,
      125,
    );
  });
});

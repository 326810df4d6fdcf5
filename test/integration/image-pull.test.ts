import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { NotFoundError, RegistryAuthError } from '../../src/base/errors.ts';
import { hexOf } from '../../src/base/ids.ts';
import { fetchTags, pullImage } from '../../src/image/pull.ts';
import type { PullEvent, PullOptions } from '../../src/image/pull-options.ts';
import { resolveImage } from '../../src/image/resolve.ts';
import { buildImage, buildIndex, pushImage, pushIndex } from '../fixtures/images.ts';
import { type MemoryStore, memoryStore } from '../fixtures/memory-store.ts';
import { requires } from '../fixtures/requires.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';

const skip = requires('docker-registry');
const USER = { name: 'ann', password: 'pass-word' };

describe('pulling from a real registry', { skip }, () => {
  let directory: string;
  let registry: TestRegistry;
  let locked: TestRegistry;
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] };
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tspod-pull-'));
    env['HOME'] = directory;
    env['CONTAINERS_REGISTRIES_CONF'] = join(directory, 'registries.conf');
    configure('');
    [registry, locked] = await Promise.all([startRegistry(), startRegistry({ user: USER })]);
  });
  after(async () => {
    await registry?.stop();
    await locked?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const configure = (text: string) => writeFileSync(join(directory, 'registries.conf'), text);
  const pull = (store: MemoryStore, name: string, options: PullOptions & { events?: PullEvent[] } = {}) =>
    pullImage(
      {
        store,
        leaseDirectory: join(directory, 'locks'),
        temporary: join(directory, 'tmp'),
        env,
        progress: (event) => options.events?.push(event),
      },
      name,
      { tlsVerify: false, retry: { attempts: 2, delayMs: 5 }, ...options },
    );
  const tars = (store: MemoryStore, top: string | undefined) =>
    store.layers
      .chain(top ?? '')
      .reverse()
      .map((one) => store.tarOf(one.id));

  for (const [compression, docker] of [
    ['gzip', true],
    ['gzip', false],
    ['zstd', false],
    ['none', false],
  ] as const) {
    it(`brings layers in unchanged (${compression}, ${docker ? 'docker' : 'OCI'})`, async () => {
      const image = buildImage({
        compression,
        docker,
        layers: [
          [{ name: 'a', content: 'one' }],
          [{ name: 'b', content: 'two' }],
          [{ name: 'c', content: 'three' }],
        ],
      });
      const name = `sorts/${compression}-${docker}`;
      await pushImage(registry.url, name, { image, tag: 'v1' });
      const store = memoryStore();
      const report = await pull(store, `${registry.host}/${name}:v1`, { arch: 'amd64' });
      assert.equal(report.image.id, hexOf(image.config.digest));
      assert.equal(report.image.manifest, image.manifest.bytes.toString());
      assert.deepEqual(report.image.names, [`${registry.host}/${name}:v1`]);
      assert.deepEqual(report.image.repoDigests, [`${registry.host}/${name}@${image.manifest.digest}`]);
      assert.deepEqual(tars(store, report.image.topLayerId), image.tars);
    });
  }

  it('does not fetch layers that are there', async () => {
    const base = [{ name: 'base', content: 'base' }];
    const one = buildImage({ layers: [base, [{ name: 'x' }]] });
    const two = buildImage({ layers: [base, [{ name: 'y' }]] });
    await pushImage(registry.url, 'shared', { image: one, tag: 'one' });
    await pushImage(registry.url, 'shared', { image: two, tag: 'two' });
    const store = memoryStore();
    await pull(store, `${registry.host}/shared:one`);
    const events: PullEvent[] = [];
    await pull(store, `${registry.host}/shared:two`, { events });
    const states = (digest: string | undefined) =>
      events.flatMap((one) => (one.kind === 'layer' && one.digest === digest ? [one.state] : []));
    assert.deepEqual(states(two.layers[0]?.digest), ['exists']);
    assert.equal(states(two.layers[1]?.digest).at(-1), 'done');
    assert.equal(store.applied.length, 3);
  });

  it('pulls by digest, without making a name, and finds the image by it', async () => {
    const image = buildImage({ layers: [[{ name: 'by-digest' }]] });
    await pushImage(registry.url, 'digests', { image, tag: 't' });
    const store = memoryStore();
    const name = `${registry.host}/digests@${image.manifest.digest}`;
    const report = await pull(store, name);
    assert.deepEqual(report.image.names, []);
    assert.equal(report.name, name);
    assert.equal((await resolveImage(store.images, name)).image.id, report.image.id);
    const both = await pull(store, `${registry.host}/digests:other@${image.manifest.digest}`);
    assert.deepEqual(both.image.names, []);
  });

  it('chooses the platform from an index and remembers both digests', async () => {
    const index = buildIndex([
      { architecture: 'amd64', layers: [[{ name: 'amd64' }]] },
      { architecture: 'arm', variant: 'v6', layers: [[{ name: 'arm6' }]] },
      { architecture: 'arm64', variant: 'v8', layers: [[{ name: 'arm64' }]] },
    ]);
    await pushIndex(registry.url, 'multi', { index, tag: 'latest' });
    const store = memoryStore();
    const name = `${registry.host}/multi`;
    const arm = await pull(store, name, { platform: 'linux/arm/v7' });
    assert.equal(arm.image.id, hexOf(index.images[1]?.config.digest ?? 'sha256:'));
    assert.deepEqual(
      arm.image.repoDigests.map((one) => one.split('@')[1]),
      [index.index.digest, index.images[1]?.manifest.digest],
    );
    const arm64 = await pull(store, name, { arch: 'aarch64' });
    assert.equal(arm64.image.config.architecture, 'arm64');
    assert.deepEqual(arm64.warnings, []);
    await assert.rejects(pull(store, name, { platform: 'linux/s390x' }), (error: Error) => {
      assert.ok(error instanceof NotFoundError);
      assert.match(
        error.message,
        /for platform linux\/s390x: .* has linux\/amd64, linux\/arm\/v6, linux\/arm64\/v8/,
      );
      return true;
    });
  });

  it('pulls another platform although the name is there for ours', async () => {
    const index = buildIndex([
      { architecture: 'amd64', layers: [[{ name: 'x' }]] },
      { architecture: 'arm64', layers: [[{ name: 'y' }]] },
    ]);
    await pushIndex(registry.url, 'both', { index, tag: 'latest' });
    const store = memoryStore();
    const name = `${registry.host}/both`;
    await pull(store, name, { arch: 'amd64' });
    const other = await pull(store, name, { policy: 'missing', arch: 'arm64' });
    assert.equal(other.pulled, true);
    assert.equal(other.image.config.architecture, 'arm64');
  });

  it('warns of a single image for another platform', async () => {
    const image = buildImage({ architecture: 's390x', layers: [[{ name: 'z' }]] });
    await pushImage(registry.url, 'z', { image, tag: 'latest' });
    const report = await pull(memoryStore(), `${registry.host}/z`, { arch: 'amd64' });
    assert.match(
      report.warnings[0] ?? '',
      /linux\/s390x\) does not match the expected platform \(linux\/amd64/,
    );
  });

  it('stores an image without layers', async () => {
    const image = buildImage({ layers: [] });
    await pushImage(registry.url, 'empty', { image, tag: 'latest' });
    const report = await pull(memoryStore(), `${registry.host}/empty`);
    assert.equal(report.image.topLayerId, undefined);
  });

  it('wants credentials where the registry does: option, auth file, longest path first', async () => {
    const image = buildImage({ layers: [[{ name: 'secret' }]] });
    await pushImage(locked.url, 'team/app', { image, tag: 'latest', auth: locked.auth ?? '' });
    const name = `${locked.host}/team/app`;
    await assert.rejects(pull(memoryStore(), name), (error: Error) => {
      assert.ok(error instanceof RegistryAuthError);
      assert.match(`${error.hint}`, /--creds USER:PASSWORD/);
      return true;
    });
    await assert.rejects(pull(memoryStore(), name, { creds: 'ann:nonsense' }), RegistryAuthError);
    assert.equal((await pull(memoryStore(), name, { creds: 'ann:pass-word' })).pulled, true);
    const good = Buffer.from('ann:pass-word').toString('base64');
    const bad = Buffer.from('ann:nonsense').toString('base64');
    const authfile = join(directory, 'auth.json');
    writeFileSync(
      authfile,
      JSON.stringify({ auths: { [locked.host]: { auth: bad }, [`${locked.host}/team`]: { auth: good } } }),
    );
    assert.equal((await pull(memoryStore(), name, { authfile })).pulled, true);
  });

  it('asks the credential helper that an auth file names', async () => {
    const image = buildImage({ layers: [[{ name: 'helped' }]] });
    await pushImage(locked.url, 'helped', { image, tag: 'latest', auth: locked.auth ?? '' });
    writeFileSync(
      join(directory, 'docker-credential-fixture'),
      '#!/bin/sh\nread host\necho "{\\"ServerURL\\":\\"$host\\",\\"Username\\":\\"ann\\",\\"Secret\\":\\"pass-word\\"}"\n',
      { mode: 0o755 },
    );
    const authfile = join(directory, 'helpers.json');
    writeFileSync(authfile, JSON.stringify({ credHelpers: { [locked.host]: 'fixture' } }));
    const path = env['PATH'];
    env['PATH'] = `${directory}:${path}`;
    try {
      assert.equal((await pull(memoryStore(), `${locked.host}/helped`, { authfile })).pulled, true);
    } finally {
      env['PATH'] = path;
    }
  });

  it('follows aliases, search registries, mirrors and insecure marks of registries.conf', async () => {
    const image = buildImage({ layers: [[{ name: 'conf' }]] });
    await pushImage(registry.url, 'team/tool', { image, tag: 'latest' });
    const insecure = `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`;
    const options = { tlsVerify: undefined, arch: 'amd64' };

    configure(`unqualified-search-registries = ["${registry.host}"]\n${insecure}`);
    const searched = await pull(memoryStore(), 'team/tool', options);
    assert.deepEqual(searched.image.names, [`${registry.host}/team/tool:latest`]);

    configure(`${insecure}[aliases]\n"tool" = "${registry.host}/team/tool"\n`);
    const aliased = await pull(memoryStore(), 'tool', options);
    assert.deepEqual(aliased.image.names, [`${registry.host}/team/tool:latest`]);

    configure(
      `[[registry]]\nprefix = "registry.invalid"\nlocation = "registry.invalid"\n[[registry.mirror]]\nlocation = "${registry.host}/team"\ninsecure = true\n`,
    );
    const mirrored = await pull(memoryStore(), 'registry.invalid/tool', options);
    assert.deepEqual(mirrored.image.names, ['registry.invalid/tool:latest']);

    configure(`[[registry]]\nlocation = "${registry.host}"\nblocked = true\n`);
    await assert.rejects(pull(memoryStore(), `${registry.host}/team/tool`, options), {
      name: 'PermissionError',
    });
    configure('');
    await assert.rejects(pull(memoryStore(), 'tool', options), (error: Error & { hint?: string }) => {
      assert.match(error.message, /^short-name "tool" did not resolve to an alias and no unqualified-search/);
      assert.match(error.hint ?? '', /unqualified-search-registries = \["docker\.io"\]/);
      return true;
    });
  });

  it('lists the tags of a repository', async () => {
    const image = buildImage({ layers: [[{ name: 'tagged' }]] });
    for (const tag of ['a', 'b', 'c']) await pushImage(registry.url, 'tagged', { image, tag });
    const context = {
      store: memoryStore(),
      leaseDirectory: join(directory, 'locks'),
      temporary: join(directory, 'tmp'),
      env,
    };
    const tags = await fetchTags(context, `${registry.host}/tagged`, { tlsVerify: false });
    assert.deepEqual(tags.sort(), ['a', 'b', 'c']);
  });

  it('pulls what skopeo converted and pushed', { skip: requires('skopeo') }, async () => {
    const image = buildImage({ docker: true, layers: [[{ name: 'sk', content: 'opeo' }]] });
    await pushImage(registry.url, 'source', { image, tag: 'v' });
    const copied = spawnSync(
      'skopeo',
      [
        '--insecure-policy',
        ...[
          'copy',
          '--src-tls-verify=false',
          '--dest-tls-verify=false',
          '--format=oci',
          '--dest-compress-format=zstd',
        ],
        `docker://${registry.host}/source:v`,
        `docker://${registry.host}/copy:v`,
      ],
      { encoding: 'utf8' },
    );
    assert.equal(copied.status, 0, copied.stderr);
    const store = memoryStore();
    const report = await pull(store, `docker://${registry.host}/copy:v`, { arch: 'amd64' });
    assert.equal(report.image.manifestType, 'application/vnd.oci.image.manifest.v1+json');
    assert.deepEqual(tars(store, report.image.topLayerId), image.tars);
  });
});

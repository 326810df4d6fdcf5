import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import {
  makeTestRoot,
  rootArguments,
  runProgram,
  TSPOD,
  testEnvironment,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

const INSECURE = '--tls-verify=false';

interface Index {
  mediaType: string;
  annotations?: Record<string, string>;
  manifests: { digest: string; platform: Record<string, string>; annotations?: Record<string, string> }[];
}

describe('manifest', { skip: requires('docker-registry') }, () => {
  let registry: TestRegistry;
  before(async () => {
    registry = await startRegistry();
    for (const arch of ['amd64', 'arm64'])
      await tspodOk(['import', '-q', '--arch', arch, '-m', arch, busyboxArchive(), `localhost/bb:${arch}`]);
  });
  after(() => registry?.stop());

  const inspect = async (name: string): Promise<Index> =>
    JSON.parse(await tspodOk(['manifest', 'inspect', INSECURE, name])) as Index;
  const platforms = ({ manifests }: Index) => manifests.map(({ platform }) => platform['architecture']);

  test('makes a list of local images that any platform pulls its own from', async () => {
    const name = `${registry.host}/app:1`;
    await tspodOk(['manifest', 'create', name, 'localhost/bb:amd64']);
    await tspodOk(['manifest', 'add', '--annotation', 'a=b', name, 'localhost/bb:arm64']);
    assert.deepEqual(platforms(await inspect(name)), ['amd64', 'arm64']);
    await tspodOk(['manifest', 'push', '-q', INSECURE, '--rm', name]);
    assert.equal((await tspod(['manifest', 'exists', name])).code, 1);
    // Now it is the registry that is asked.
    const index = await inspect(name);
    assert.deepEqual(platforms(index), ['amd64', 'arm64']);
    assert.deepEqual(index.manifests[1]?.annotations, { a: 'b' });
    for (const arch of ['amd64', 'arm64']) {
      const root = makeTestRoot();
      await tspodOk(['pull', '-q', INSECURE, '--arch', arch, name], { root });
      assert.equal(
        await tspodOk(['image', 'inspect', '--format', '{{.Architecture}}', name], { root }),
        arch,
      );
    }
  });

  test('takes images out of a registry, and copies them to another repository', async () => {
    const source = `${registry.host}/source:1`;
    await tspodOk(['manifest', 'create', source, 'localhost/bb:amd64', 'localhost/bb:arm64']);
    await tspodOk(['manifest', 'push', '-q', INSECURE, source, source]);
    await tspodOk(['manifest', 'create', INSECURE, '--all', 'copied', `docker://${source}`]);
    await tspodOk(['manifest', 'push', '-q', INSECURE, 'copied', `docker://${registry.host}/target/copy:2`]);
    const root = makeTestRoot();
    await tspodOk(['pull', '-q', INSECURE, '--arch', 'arm64', `${registry.host}/target/copy:2`], { root });
    await tspodOk(['manifest', 'create', INSECURE, 'one', `docker://${source}`]);
    assert.equal((await inspect('one')).manifests.length, 1);
    await tspodOk(['manifest', 'rm', 'copied', 'one', source]);
  });

  test('annotates and removes entries, by digest or name', async () => {
    await tspodOk([
      'manifest',
      'create',
      '--annotation',
      'x=y',
      'list',
      'localhost/bb:amd64',
      'localhost/bb:arm64',
    ]);
    await tspodOk([
      'manifest',
      'annotate',
      '--variant',
      'v8',
      '--os-version',
      '6',
      'list',
      'localhost/bb:arm64',
    ]);
    await tspodOk(['manifest', 'annotate', '--index', '--annotation', 'i=1', 'list']);
    const index = await inspect('list');
    assert.deepEqual(index.annotations, { x: 'y', i: '1' });
    assert.deepEqual(index.manifests[1]?.platform, {
      architecture: 'arm64',
      os: 'linux',
      variant: 'v8',
      'os.version': '6',
    });
    await tspodOk(['manifest', 'remove', 'list', index.manifests[0]?.digest ?? '']);
    assert.deepEqual(platforms(await inspect('list')), ['arm64']);
    assert.equal((await tspod(['manifest', 'exists', 'list'])).code, 0);
    assert.match(await tspodOk(['manifest', 'rm', 'list']), /^Untagged: localhost\/list:latest\nDeleted: /);
  });

  test('refuses what is not there, and a name twice', async () => {
    await tspodOk(['manifest', 'create', 'twice']);
    assert.match((await tspod(['manifest', 'create', 'twice'])).stderr, /exists/);
    await tspodOk(['manifest', 'create', '--amend', 'twice', 'localhost/bb:amd64']);
    assert.equal((await inspect('twice')).manifests.length, 1);
    assert.equal((await tspod(['manifest', 'add', 'no-list', 'localhost/bb:amd64'])).code, 125);
    assert.equal((await tspod(['manifest', 'remove', 'twice', `sha256:${'0'.repeat(64)}`])).code, 125);
    assert.equal((await tspod(['manifest', 'rm', 'no-list'])).code, 1);
    assert.equal((await tspod(['manifest', 'rm', '--ignore', 'no-list'])).code, 0);
    assert.match(
      (await tspod(['manifest', 'push', 'twice', 'oci:/tmp/x'])).stderr,
      /only be pushed to a registry/,
    );
    await tspodOk(['rmi', 'localhost/bb:arm64']);
    await tspodOk(['manifest', 'rm', 'twice']);
  });

  test('adds a compression when it pushes, and says what it is about', async () => {
    const name = `${registry.host}/both:1`;
    await tspodOk(['manifest', 'create', 'both', 'localhost/bb:amd64']);
    await tspodOk(['manifest', 'annotate', '--index', '--subject', 'localhost/bb:amd64', 'both']);
    const subject = JSON.parse(await tspodOk(['manifest', 'inspect', 'both'])) as {
      subject: { size: number };
    };
    assert.ok(subject.subject.size > 0);
    await tspodOk(['manifest', 'push', '-q', INSECURE, '--add-compression', 'zstd', 'both', name]);
    const { manifests } = await inspect(name);
    assert.equal(manifests.length, 2);
    assert.deepEqual(manifests[1]?.annotations, { 'io.github.containers.compression.zstd': 'true' });
    const verbose = JSON.parse(await tspodOk(['manifest', 'inspect', '-v', INSECURE, name])) as {
      Raw: string;
      OCIManifest?: { layers: { mediaType: string }[] };
    }[];
    assert.match(verbose[1]?.OCIManifest?.layers[0]?.mediaType ?? '', /zstd$/);
    assert.match(
      (await tspod(['manifest', 'add', '--artifact', 'both', 'x'])).stderr,
      /--artifact is not supported/,
    );
    await tspodOk(['manifest', 'rm', 'both']);
  });
});

describe('a manifest list among images', () => {
  const root = makeTestRoot();
  const ok = (...args: string[]) => tspodOk(args, { root });
  const names = (...args: string[]) => ok('images', '--format', '{{.Repository}}:{{.Tag}}', ...args);

  test('is listed, named, looked up and removed like one', async () => {
    await ok('import', '-q', busyboxArchive(), 'localhost/plain:1');
    const id = await ok('manifest', 'create', 'list:1', 'localhost/plain:1');
    const empty = await ok('manifest', 'create', 'empty');
    assert.equal(
      await names('--filter', 'manifest=true', '--sort', 'repository'),
      'localhost/empty:latest\nlocalhost/list:1',
    );
    assert.equal(await names('--filter', 'manifest=false'), 'localhost/plain:1');
    const shown = JSON.parse(await ok('images', '--format', 'json', 'list:1')) as Record<string, unknown>[];
    assert.deepEqual(
      [shown[0]?.['Id'], shown[0]?.['IsManifestList'], shown[0]?.['Names']],
      [id, true, ['localhost/list:1']],
    );
    assert.equal(
      await ok('image', 'inspect', '--format', '{{.Id}}', 'list:1'),
      await ok('image', 'inspect', '--format', '{{.Id}}', 'plain:1'),
    );
    assert.equal((await tspod(['image', 'exists', 'list:1'], { root })).code, 0);
    assert.equal((await tspod(['image', 'exists', 'empty'], { root })).code, 1);
    assert.match(
      (await tspod(['image', 'inspect', 'empty'], { root })).stderr,
      /no image found in manifest list for architecture/,
    );
    const line = ['__complete', ...rootArguments(root), 'rmi', 'emp'];
    assert.match(
      (await runProgram(TSPOD, line, { env: testEnvironment({ root }) })).stdout,
      /^empty:latest/m,
    );
    await ok('tag', 'list:1', 'other:2');
    assert.equal(await ok('rmi', 'list:1'), 'Untagged: localhost/list:1');
    await ok('untag', 'other:2', 'other:2');
    assert.equal((await tspod(['manifest', 'exists', 'other:2'], { root })).code, 1);
    assert.equal(await ok('rmi', id.slice(0, 12)), `Deleted: ${id}`);
    assert.equal(await ok('image', 'prune', '-f'), '');
    assert.equal(await ok('rmi', 'empty'), `Untagged: localhost/empty:latest\nDeleted: ${empty}`);
  });

  test('and an image never have the same name', async () => {
    assert.match((await tspod(['manifest', 'create', 'plain:1'], { root })).stderr, /in use by image/);
    await ok('manifest', 'create', 'mine');
    await ok('tag', 'plain:1', 'mine');
    assert.equal((await tspod(['manifest', 'exists', 'mine'], { root })).code, 1);
    assert.equal(await names('--filter', 'dangling=true'), '<none>:<none>');
    await ok('image', 'prune', '-f');
    assert.equal(await names('--filter', 'manifest=true'), '');
    await ok('manifest', 'create', 'again', 'plain:1');
    await ok('rmi', '--all', '--force');
    assert.equal(await names(), '');
  });
});

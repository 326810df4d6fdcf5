import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  makeTestRoot,
  type ProgramOptions,
  runProgram,
  testRoot,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { programPath, requires } from '../fixtures/requires.ts';

const ann = { name: 'ann', password: 'secret' };
const CREDS = `${ann.name}:${ann.password}`;
const at = (name: string): string => join(testRoot().base, name);
const config = async (name: string): Promise<string> =>
  await tspodOk(['image', 'inspect', '--format', '{{.Id}}', name]);

async function ok(program: Parameters<typeof programPath>[0], args: string[], options?: ProgramOptions) {
  const done = await runProgram(programPath(program), args, options);
  assert.equal(done.code, 0, `${program} ${args.join(' ')}: ${done.stderr}`);
  return done.stdout.trim();
}

describe('a registry with TLS and a password', { skip: requires('docker-registry', 'skopeo') }, () => {
  let registry: TestRegistry;
  let image: string;
  before(async () => {
    image = await busyboxImage();
    registry = await startRegistry({ tls: true, user: ann });
  });
  after(() => registry?.stop());

  test('takes from tspod what skopeo reads, and the other way round', async () => {
    const access = ['--cert-dir', registry.certificates, '--creds', CREDS];
    const ours = `${registry.host}/tspod/app:1`;
    const theirs = `${registry.host}/skopeo/app:1`;
    assert.notEqual((await tspod(['push', '-q', '--creds', CREDS, image, ours])).code, 0);
    assert.notEqual((await tspod(['push', '-q', '--cert-dir', registry.certificates, image, ours])).code, 0);
    await tspodOk(['push', '-q', ...access, image, ours]);
    await ok('skopeo', [
      ...['copy', '--insecure-policy', '--src-cert-dir', registry.certificates, '--src-creds', CREDS],
      ...['--dest-cert-dir', registry.certificates, '--dest-creds', CREDS],
      ...[`docker://${ours}`, `docker://${theirs}`],
    ]);
    const root = makeTestRoot();
    await tspodOk(['pull', '-q', ...access, theirs], { root });
    assert.equal(
      await tspodOk(['image', 'inspect', '--format', '{{.Id}}', theirs], { root }),
      await config(image),
    );
  });

  test('is where podman and buildah meet tspod', {
    skip: requires('root', 'podman', 'buildah'),
  }, async () => {
    const access = ['--cert-dir', registry.certificates, '--creds', CREDS];
    const name = `${registry.host}/both/app:1`;
    await tspodOk([
      'push',
      '-q',
      ...access,
      '--compression-format',
      'zstd',
      '--force-compression',
      image,
      name,
    ]);
    const place = ['--root', at('podman'), '--runroot', at('podman-run'), '--storage-driver', 'vfs'];
    const id = await ok('podman', [...place, 'pull', '-q', ...access, name]);
    assert.equal(id, await config(image));
    const made = `${registry.host}/both/made:1`;
    const container = await ok('buildah', [...place, 'from', '--pull-never', name]);
    await ok('buildah', [...place, 'config', '--label', 'by=buildah', container]);
    await ok('buildah', [...place, 'commit', '-q', container, made]);
    await ok('buildah', [...place, 'push', '-q', ...access, made]);
    await tspodOk(['pull', '-q', ...access, made]);
    assert.equal(await tspodOk(['image', 'inspect', '--format', '{{.Config.Labels.by}}', made]), 'buildah');
    const back = await ok('podman', [...place, 'image', 'inspect', '--format', '{{.Id}}', made]);
    assert.equal(await config(made), back);
    await tspodOk(['run', '--rm', '--network', 'none', made, 'true']);
  });
});

describe('an OCI layout', { skip: requires('umoci') }, () => {
  test('goes to umoci, is changed there, and comes back', async () => {
    const layout = at('layout');
    await tspodOk(['push', '-q', await busyboxImage(), `oci:${layout}:app`]);
    await ok('umoci', ['config', '--image', `${layout}:app`, '--tag', 'changed', '--config.env', 'BY=umoci']);
    mkdirSync(at('extra'));
    await ok('umoci', ['insert', '--rootless', '--image', `${layout}:changed`, at('extra'), '/by-umoci']);
    const [id = ''] = (await tspodOk(['pull', '-q', `oci:${layout}:changed`])).split('\n');
    const output = await tspodOk([
      'run',
      '--rm',
      '--network',
      'none',
      id,
      'sh',
      '-c',
      'ls -d /by-umoci; echo $BY',
    ]);
    assert.equal(output, '/by-umoci\numoci');
  });
});

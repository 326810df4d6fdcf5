import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

const ARCH = '{{.Architecture}}';

/** docker's option on images that are here: of a name only what is for that platform. */
describe('--platform', () => {
  before(async () => {
    for (const arch of ['amd64', 'arm64'])
      await tspodOk([
        'import',
        '-q',
        '--platform',
        `linux/${arch}`,
        busyboxArchive(),
        `localhost/bb:${arch}`,
      ]);
    await tspodOk(['manifest', 'create', 'both', 'localhost/bb:amd64', 'localhost/bb:arm64']);
  });

  test('chooses an image of a list, and refuses another one by its platform', async () => {
    for (const arch of ['amd64', 'arm64']) {
      const inspect = ['image', 'inspect', '--platform', `linux/${arch}`, '--format', ARCH];
      assert.equal(await tspodOk([...inspect, 'both']), arch);
      assert.equal(await tspodOk([...inspect, `bb:${arch}`]), arch);
    }
    const other = join(testRoot().base, 'other.tar');
    for (const args of [
      ['image', 'inspect'],
      ['history'],
      ['save', '-q', '-o', other],
      ['push', '-q'],
      ['rmi'],
      ['rmi', '--force'],
    ]) {
      const { code, stderr } = await tspod([...args, '--platform', 'linux/arm64', 'bb:amd64']);
      assert.equal(code, args[0] === 'rmi' ? 1 : 125, args.join(' '));
      assert.match(
        stderr,
        /image with reference bb:amd64 was found but does not provide the specified platform \(linux\/arm64\)\nit is for linux\/amd64/,
      );
    }
    assert.match(await tspodOk(['history', '--platform', 'linux/arm64', 'both']), /tspod import/);
    const wrong = await tspod(['history', '--platform', 'a/b/c/d', 'both']);
    assert.match(wrong.stderr, /invalid platform "a\/b\/c\/d"/);
  });

  for (const format of ['docker-archive', 'oci-archive'])
    test(`saves and loads one of several (${format})`, async () => {
      const file = join(testRoot().base, `${format}.tar`);
      const root = makeTestRoot();
      await tspodOk(['save', '-q', '--format', format, '-m', '-o', file, 'bb:amd64', 'bb:arm64']);
      await tspodOk(['load', '-q', '--platform', 'linux/arm64', '-i', file], { root });
      assert.equal(await tspodOk(['images', '--format', '{{.Tag}}'], { root }), 'arm64');
      const none = await tspod(['load', '-q', '--platform', 'linux/s390x', '-i', file], { root });
      assert.equal(none.code, 125);
      assert.match(none.stderr, /the archive has no image for platform linux\/s390x/);
      await tspodOk(['save', '-q', '--format', format, '--platform', 'linux/arm64', '-o', file, 'both']);
      await tspodOk(['rmi', '--platform', 'linux/arm64', 'bb:arm64'], { root });
      await tspodOk(['load', '-q', '-i', file], { root });
      assert.equal(
        await tspodOk(['images', '--format', '{{.Repository}}', '-a'], { root }).then(
          (text) => text.split('\n').length,
        ),
        1,
      );
    });

  describe('with a registry', { skip: requires('docker-registry') }, () => {
    let registry: TestRegistry;
    before(async () => {
      registry = await startRegistry();
    });
    after(() => registry?.stop());

    test('pushes one image of a list alone', async () => {
      const name = `${registry.host}/one:1`;
      await tspodOk(['push', '-q', '--tls-verify=false', '--platform', 'linux/arm64', 'both', name]);
      const root = makeTestRoot();
      await tspodOk(['pull', '-q', '--tls-verify=false', name], { root });
      assert.equal(await tspodOk(['image', 'inspect', '--format', ARCH, name], { root }), 'arm64');
    });
  });
});

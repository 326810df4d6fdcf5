import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeDockerStore } from '../fixtures/docker-store.ts';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import { runProgram, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { programPath, requires } from '../fixtures/requires.ts';

const busybox = () => readFileSync(busyboxArchive());

describe('system migrate-from docker', () => {
  test('takes images byte for byte, and volumes with their options', async () => {
    const root = join(testRoot().base, 'docker');
    const tree = join(testRoot().base, 'tree');
    mkdirSync(join(tree, 'etc'), { recursive: true });
    writeFileSync(join(tree, 'etc/empty'), '');
    writeFileSync(join(tree, 'etc/large'), Buffer.alloc(3_000_000, 'x'));
    const tar = spawnSync('tar', ['--format=ustar', '--owner=0', '--group=0', '-C', tree, '-c', './etc'], {
      maxBuffer: 1 << 26,
    }).stdout;
    const config = { architecture: 'amd64', os: 'linux', config: { Cmd: ['true'] }, history: [] };
    const { id, files } = writeDockerStore(root, { tar, name: 'from/docker:7', config });
    spawnSync('cp', ['-a', `${tree}/.`, files]);
    mkdirSync(join(root, 'volumes/data/_data'), { recursive: true });
    writeFileSync(join(root, 'volumes/data/_data/file'), 'kept');
    mkdirSync(join(root, 'containers/c1'), { recursive: true });
    writeFileSync(
      join(root, 'containers/c1/config.v2.json'),
      JSON.stringify({ Name: '/web', Config: { Image: 'from/docker:7' } }),
    );
    const { code, stdout, stderr } = await tspod([
      'system',
      'migrate-from',
      '-q',
      'docker',
      '--source',
      root,
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, 'image docker.io/from/docker:7\nvolume data\n');
    assert.match(stderr, /^container web of from\/docker:7 is not taken/m);
    assert.equal(await tspodOk(['image', 'inspect', '--format', '{{.Id}}', 'docker.io/from/docker:7']), id);
    const place = await tspodOk(['volume', 'inspect', '--format', '{{.Mountpoint}}', 'data']);
    assert.equal(readFileSync(join(place, 'file'), 'utf8'), 'kept');
    // A file that is no longer what it was is found by its layer's digest.
    writeFileSync(join(files, 'etc/large'), Buffer.alloc(3_000_000, 'y'));
    await tspodOk(['rmi', 'docker.io/from/docker:7']);
    const damaged = await tspod(['system', 'migrate-from', '-q', 'docker', '--source', root]);
    assert.equal(damaged.code, 125);
    assert.match(damaged.stderr, /an image is not taken: .*digest/);
    assert.match(damaged.stderr, /volume data is not taken: there is one of that name here/);
    await tspodOk(['volume', 'rm', 'data']);
  });

  test('refuses what is no store', async () => {
    const wrong = await tspod(['system', 'migrate-from', 'docker', '--source', testRoot().base]);
    assert.equal(wrong.code, 125);
    assert.match(wrong.stderr, /is no data root of docker/);
    assert.match((await tspod(['system', 'migrate-from', 'lxc'])).stderr, /choose podman or docker/);
  });
});

describe('system migrate-from podman', { skip: requires('root', 'podman') }, () => {
  for (const driver of ['overlay', 'vfs']) {
    test(`takes images and volumes of a store with ${driver}`, async (context) => {
      const root = join(testRoot().base, `podman-${driver}`);
      const podman = async (args: string[], input?: Buffer) => {
        const place = ['--root', root, '--runroot', `${root}-run`, '--storage-driver', driver];
        return await runProgram(
          programPath('podman'),
          [...place, ...args],
          input === undefined ? {} : { input },
        );
      };
      const made = await podman(
        ['import', '-q', '-c', 'CMD=["sh"]', '-', `localhost/${driver}:1`],
        busybox(),
      );
      if (made.code !== 0) return context.skip(made.stderr);
      const id = made.stdout.trim().replace('sha256:', '');
      const other = `localhost/${driver}:other`;
      await podman(['tag', `localhost/${driver}:1`, other]);
      const volume = await podman(['volume', 'create', `data-${driver}`]);
      assert.equal(volume.code, 0, volume.stderr);
      writeFileSync(join(root, `volumes/data-${driver}/_data/file`), 'kept');
      const digest = (await podman(['image', 'inspect', '--format', '{{.Digest}}', id])).stdout.trim();
      const line = ['system', 'migrate-from', '-q', 'podman', '--source', root];
      const { code, stdout, stderr } = await tspod(line);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^image localhost/${driver}:.*\nvolume data-${driver}\n$`));
      assert.match(stderr, /labels and options of volumes/);
      assert.equal(
        await tspodOk(['image', 'inspect', '--format', '{{.Id}} {{.Digest}}', other]),
        `${id} ${digest}`,
      );
      assert.equal(
        await tspodOk([
          'run',
          '--rm',
          '--network',
          'none',
          '-v',
          `data-${driver}:/d`,
          other,
          'cat',
          '/d/file',
        ]),
        'kept',
      );
      await tspodOk(['volume', 'rm', `data-${driver}`]);
      const again = await tspod(line);
      assert.equal(again.code, 0, again.stderr);
      // podman mounts its storage on itself; its own reset would take the host's networks, too.
      spawnSync('umount', [join(root, driver)]);
    });
  }
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import BetterSqlite3 from 'better-sqlite3';
import { endpoint, writeDockerContainer, writeDockerStore } from '../fixtures/docker-store.ts';
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

  test('creates its containers as they were asked for, and says what it cannot take', async () => {
    const root = join(testRoot().base, 'docker-containers');
    const tar = busybox();
    const config = { architecture: 'amd64', os: 'linux', config: { Cmd: ['sh'] }, history: [] };
    const { id: imageId, files } = writeDockerStore(root, { tar, name: 'box:1', config });
    spawnSync('tar', ['-C', files, '-x'], { input: tar });
    const anonymous = 'ab'.repeat(32);
    for (const volume of ['stock', anonymous]) {
      mkdirSync(join(root, `volumes/${volume}/_data`), { recursive: true });
      writeFileSync(join(root, `volumes/${volume}/_data/file`), `in ${volume.slice(0, 5)}`);
    }
    const look =
      'cat /stock/file /own/file; echo $WORD; hostname; touch /own/x /stock/x 2>/dev/null || echo read-only';
    const job = writeDockerContainer(root, {
      name: 'job',
      imageId,
      config: {
        Image: 'box:1',
        Cmd: ['sh', '-c', look],
        Env: ['PATH=/bin', 'WORD=said'],
        Volumes: { '/own': {} },
        Labels: { from: 'docker' },
      },
      host: { Binds: ['stock:/stock:ro'], NetworkMode: 'none', CapDrop: ['CAP_MKNOD'] },
      networks: { none: endpoint({}) },
      volumes: { '/stock': 'stock', '/own': anonymous },
      changed: 'tmp/written',
    });
    writeDockerContainer(root, {
      name: 'web',
      imageId,
      config: { Cmd: ['sleep', '100'], Hostname: 'www', StopSignal: 'SIGINT', User: '7' },
      host: {
        PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] },
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
        CapAdd: ['NET_ADMIN'],
        ExtraHosts: ['db:192.0.2.9'],
      },
      running: true,
    });
    // By the id of the other one.
    writeDockerContainer(root, { name: 'beside', imageId, host: { NetworkMode: `container:${job}` } });
    writeDockerContainer(root, {
      name: 'alone',
      imageId,
      host: { NetworkMode: 'back' },
      networks: { back: endpoint({ Aliases: ['a1'] }) },
    });
    writeDockerContainer(root, { name: 'limited', imageId, host: { StorageOpt: { size: '1G' } } });
    const line = ['system', 'migrate-from', '-q', 'docker', '--source', root];
    const { code, stdout, stderr } = await tspod(line);
    assert.equal(code, 125);
    assert.deepEqual(
      stdout
        .split('\n')
        .filter((said) => said.startsWith('container'))
        .sort(),
      ['container beside', 'container job', 'container web'],
    );
    assert.match(stderr, /container job: the files that it has changed are not taken; docker commit/);
    assert.doesNotMatch(stderr, /container web: the files/);
    assert.match(stderr, /container web runs with docker: stop it there/);
    assert.match(stderr, /Error: container alone is not taken: .*back/);
    assert.match(stderr, /Error: container limited is not taken: the size of a container cannot be limited/);
    const shown = async (name: string, format: string) =>
      await tspodOk(['inspect', '--format', format, name]);
    const hostname = (await shown('job', '{{.Id}}')).slice(0, 12);
    assert.equal(await tspodOk(['start', '-a', 'job']), `in stockin ababasaid\n${hostname}\nread-only`);
    assert.equal(
      await shown('job', '{{.ImageName}} {{.Config.Labels.from}}'),
      'docker.io/library/box:1 docker',
    );
    assert.equal(
      await shown(
        'web',
        '{{.State.Status}} {{.Config.Hostname}} {{.Config.User}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} {{.HostConfig.ExtraHosts}}',
      ),
      'created www 7 on-failure 3 [db:192.0.2.9]',
    );
    assert.match(
      await shown('web', '{{json .HostConfig.PortBindings}}'),
      /"80\/tcp":\[{"HostIp":"127.0.0.1","HostPort":"8080"}\]/,
    );
    assert.equal(
      await shown('beside', '{{.HostConfig.NetworkMode}}'),
      `container:${await shown('job', '{{.Id}}')}`,
    );
    const capabilities = await shown('job', '{{.EffectiveCaps}}');
    assert.match(capabilities, /CAP_AUDIT_WRITE.*CAP_NET_RAW/);
    assert.doesNotMatch(capabilities, /MKNOD/);
    // Without the network it is named; with it, it is taken the next time, and nothing else is made twice.
    await tspodOk(['network', 'create', 'back']);
    const again = await tspod(line);
    assert.match(again.stdout, /^container alone$/m);
    assert.match(again.stderr, /container web is not taken: there is one of that name here/);
    assert.match(await shown('alone', '{{json .NetworkSettings.Networks}}'), /"back":.*"a1"/);
    await tspodOk(['rm', '-f', 'beside', 'alone', 'web', 'job']);
    await tspodOk(['network', 'rm', 'back']);
    const none = await tspod([...line, '--containers=false']);
    assert.doesNotMatch(none.stdout + none.stderr, /container/);
  });

  test('refuses what is no store', async () => {
    const wrong = await tspod(['system', 'migrate-from', 'docker', '--source', testRoot().base]);
    assert.equal(wrong.code, 125);
    assert.match(wrong.stderr, /is no data root of docker/);
    assert.match((await tspod(['system', 'migrate-from', 'lxc'])).stderr, /choose podman or docker/);
  });
});

test('system migrate-from podman takes labels and options of volumes from its SQLite database', async () => {
  const root = join(testRoot().base, 'podman-sqlite');
  mkdirSync(join(root, 'overlay-images'), { recursive: true });
  writeFileSync(join(root, 'overlay-images/images.json'), '[]');
  mkdirSync(join(root, 'volumes/labelled/_data'), { recursive: true });
  writeFileSync(join(root, 'volumes/labelled/_data/file'), 'kept');
  // As podman 5 makes it.
  const db = new BetterSqlite3(join(root, 'db.sql'));
  db.exec('CREATE TABLE VolumeConfig(Name TEXT PRIMARY KEY NOT NULL, StorageID TEXT, JSON TEXT NOT NULL)');
  const config = {
    name: 'labelled',
    lockID: 3,
    labels: { tier: 'one=1' },
    volumeDriver: 'local',
    mountPoint: '/nowhere',
    volumeOptions: { type: 'tmpfs', device: 'tmpfs', o: 'nodev,mode=755' },
  };
  db.prepare('INSERT INTO VolumeConfig VALUES (?, NULL, ?)').run('labelled', JSON.stringify(config));
  db.close();
  const { code, stdout, stderr } = await tspod(['system', 'migrate-from', '-q', 'podman', '--source', root]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'volume labelled\n');
  assert.equal(stderr, '');
  assert.equal(
    await tspodOk(['volume', 'inspect', '--format', '{{json .Labels}} {{json .Options}}', 'labelled']),
    '{"tier":"one=1"} {"device":"tmpfs","o":"nodev,mode=755","type":"tmpfs"}',
  );
  await tspodOk(['volume', 'rm', 'labelled']);
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
      assert.equal(stderr, '');
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

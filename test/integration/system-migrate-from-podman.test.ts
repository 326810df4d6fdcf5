import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import BetterSqlite3 from 'better-sqlite3';
import { type BoltBucket, readBoltFile } from '../../src/image/bolt-file.ts';
import { busyboxArchive } from '../fixtures/harness-busybox.ts';
import { runProgram, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { programPath, requires } from '../fixtures/requires.ts';

const IMAGE = 'localhost/mig:1';

describe('system migrate-from podman takes containers', { skip: requires('root', 'podman') }, () => {
  let root = '';
  let line: string[] = [];
  let inspected: Record<string, unknown>[] = [];

  const podman = async (args: string[], input?: Buffer): Promise<string> => {
    const place = ['--root', root, '--runroot', `${root}-run`, '--storage-driver', 'vfs'];
    const { code, stdout, stderr } = await runProgram(
      programPath('podman'),
      [...place, ...args],
      input === undefined ? {} : { input },
    );
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };

  before(async () => {
    root = join(testRoot().base, 'podman');
    const host = join(testRoot().base, 'host');
    mkdirSync(host);
    writeFileSync(join(host, 'file'), 'of the host');
    line = ['system', 'migrate-from', '-q', 'podman', '--source', root];
    await podman(
      ['import', '-q', '-c', 'CMD ["sh"]', '-c', 'ENV PATH=/bin', '-c', 'VOLUME /own', '-', IMAGE],
      readFileSync(busyboxArchive()),
    );
    await podman(['volume', 'create', '--label', 'tier=one', 'stock']);
    writeFileSync(join(root, 'volumes/stock/_data/file'), 'in stock');
    writeFileSync(join(host, 'word'), 'whispered');
    await podman(['secret', 'create', 'word', join(host, 'word')]);
    const job = [
      ...['--network', 'none', '-e', 'WORD=said', '-l', 'from=podman', '--hostname', 'www', '--user', '7:8'],
      ...['-v', 'stock:/stock:ro', '-v', `${host}:/host:ro,rslave`, '--tmpfs', '/t:size=1m', '--init'],
      ...['--secret', 'word,uid=7', '--secret', 'word,type=env,target=WHISPER', '--ulimit', 'nofile=100:200'],
      ...['--cap-add', 'NET_ADMIN', '--cap-drop', 'KILL', '--security-opt', 'no-new-privileges'],
      ...['--device', '/dev/null:/dev/nothing:r', '--shm-size', '32m', '--pids-limit', '99', '-w', '/stock'],
      ...['--stop-signal', 'INT', '--stop-timeout', '7', '--restart', 'on-failure:3', '--umask', '027'],
      ...[
        '--health-cmd',
        'true',
        '--health-interval',
        '77s',
        '--health-on-failure',
        'kill',
        '--annotation',
        'a=b',
      ],
      ...[
        '--security-opt',
        'unmask=/proc/acpi',
        '--security-opt',
        'mask=/sys/kernel',
        '--add-host',
        'db:192.0.2.9',
      ],
    ];
    const look =
      'cat file /host/file /run/secrets/word; echo " $WORD $WHISPER"; hostname; id -u; ulimit -n; umask; ls -A /own';
    await podman(['create', '--name', 'job', ...job, IMAGE, 'sh', '-c', look]);
    await podman(['create', '--name', 'beside', '--privileged', '--network', 'container:job', IMAGE]);
    await podman([
      ...['create', '--name', 'strict', '--read-only', '--rm', '-it', '--network', 'host', '--pid', 'host'],
      ...[
        '--entrypoint',
        '["sh","-c"]',
        '--cap-drop',
        'all',
        '--security-opt',
        'seccomp=unconfined',
        IMAGE,
        'exit 3',
      ],
    ]);
    await podman([
      'pod',
      'create',
      '--name',
      'crew',
      '-l',
      'of=three',
      '-p',
      '127.0.0.1:8123:80',
      '--infra-image',
      IMAGE,
      '--infra-command',
      'sleep 1000',
    ]);
    await podman(['create', '--pod', 'crew', '--name', 'mate', IMAGE, 'cat', '/etc/hosts']);
    inspected = JSON.parse(await podman(['inspect', 'job', 'beside', 'strict', 'mate'])) as typeof inspected;
  });

  after(() => spawnSync('umount', [join(root, 'vfs')]));

  const clear = async (): Promise<void> => {
    await tspod(['rm', '-f', '-t', '0', 'beside', 'job', 'strict']);
    await tspod(['pod', 'rm', '-f', '-t', '0', 'crew']);
    await tspod(['volume', 'rm', '-a', '-f']);
    await tspod(['secret', 'rm', 'word']);
  };

  async function check(): Promise<void> {
    const { code, stdout, stderr } = await tspod(line);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    assert.deepEqual(
      stdout
        .split('\n')
        .filter((said) => /^(container|pod|secret|volume [^0-9a-f])/.test(said))
        .sort(),
      [
        'container beside',
        'container job',
        'container mate',
        'container strict',
        'pod crew',
        'secret word',
        'volume stock',
      ],
    );
    const ours = JSON.parse(
      await tspodOk(['inspect', 'job', 'beside', 'strict', 'mate']),
    ) as typeof inspected;
    for (const [i, theirs] of inspected.entries())
      assert.deepEqual(essence(ours[i] ?? {}), essence(theirs), String(theirs['Name']));
    const started = await tspod(['start', '-a', 'job']);
    assert.equal(
      started.stdout,
      'in stockof the hostwhispered said whispered\nwww\n7\n100\n0027\n',
      started.stderr,
    );
    assert.equal((await tspod(['start', '-a', 'strict'])).code, 3);
    // It was to be removed at its end.
    assert.equal((await tspod(['container', 'exists', 'strict'])).code, 1);
    assert.match(await tspodOk(['start', '-a', 'mate']), /crew/);
    assert.equal(
      await tspodOk(['pod', 'inspect', '--format', '{{.Labels.of}} {{.InfraConfig.PortBindings}}', 'crew']),
      'three map[80/tcp:[{127.0.0.1 8123}]]',
    );
    assert.equal(await tspodOk(['volume', 'inspect', '--format', '{{.Labels.tier}}', 'stock']), 'one');
    const again = await tspod(line);
    assert.equal(again.code, 125);
    assert.match(again.stderr, /container job is not taken: there is one of that name here/);
    assert.match(again.stderr, /pod crew is not taken: there is one of that name here/);
    assert.match(again.stderr, /secret word is not taken: there is one of that name here/);
    await clear();
  }

  test('from the bolt database of podman before 4.8', check);

  test('from the SQLite database since then', async () => {
    const bolt = join(root, 'libpod/bolt_state.db');
    toSqlite(readBoltFile(bolt), join(root, 'db.sql'));
    renameSync(bolt, `${bolt}.away`);
    await check();
  });

  test('what is damaged or not here is named, and the rest is taken', async () => {
    const db = new BetterSqlite3(join(root, 'db.sql'));
    db.exec(`UPDATE ContainerConfig SET JSON = substr(JSON, 1, 99) WHERE Name = 'beside'`);
    db.exec(`UPDATE PodConfig SET JSON = json_set(JSON, '$.serviceContainerID', 'abc')`);
    db.exec(
      `UPDATE ContainerConfig SET JSON = json_insert(JSON, '$.spec.mounts[#]', json('{"destination":"/q","type":"mqueue"}')) WHERE Name = 'strict'`,
    );
    db.exec(`UPDATE ContainerState SET JSON = '{"state":3,"startedTime":"2026-01-01T00:00:00Z"}'`);
    db.close();
    const { code, stdout, stderr } = await tspod(line);
    assert.equal(code, 125);
    assert.match(stdout, /^container job$/m);
    assert.match(stderr, /container [0-9a-f]{12} is not taken: podman's database has no readable document/);
    assert.match(stderr, /pod crew is not taken: podman kube play made it/);
    assert.match(stderr, /container mate is not taken: its pod crew is not here/);
    assert.match(stderr, /container strict is not taken: its mount at \/q is of type mqueue/);
    assert.match(stderr, /container job runs with podman: stop it there/);
    assert.match(stderr, /container job: the files that it has changed are not taken; podman commit/);
    await clear();
    // None of it with --containers=false.
    const none = await tspod([...line, '--containers=false']);
    assert.equal(none.code, 0, none.stderr);
    assert.doesNotMatch(none.stdout, /container|secret|pod /);
    await clear();
    writeFileSync(join(root, 'db.sql'), 'no database');
    const broken = await tspod(line);
    assert.equal(broken.code, 125);
    assert.match(broken.stderr, /cannot read .*db\.sql/);
  });
});

describe("system migrate-from podman takes a user's containers", {
  skip: requires('rootless', 'podman'),
}, () => {
  test('with their ids and his own network', async (context) => {
    const root = join(testRoot().base, 'podman');
    const podman = async (...args: string[]) => {
      const place = ['--root', root, '--runroot', `${root}-run`, '--storage-driver', 'vfs'];
      return await runProgram(programPath('podman'), [...place, '--cgroup-manager', 'cgroupfs', ...args]);
    };
    const made = await podman('import', '-q', '-c', 'ENV PATH=/bin', busyboxArchive(), IMAGE);
    if (made.code !== 0) return context.skip(made.stderr);
    try {
      const show = ['sh', '-c', "id -u; tr -s ' ' </proc/self/uid_map"];
      for (const words of [
        ['--name', 'kept', '--userns', 'keep-id', '-v', 'stock:/v'],
        ['--name', 'mapped', '--uidmap', '0:1:1000'],
        ['--name', 'plain', '-p', '8123:80'],
      ]) {
        const { code, stderr } = await podman('create', ...words, IMAGE, ...show);
        assert.equal(code, 0, stderr);
      }
      const { code, stdout, stderr } = await tspod([
        'system',
        'migrate-from',
        '-q',
        'podman',
        '--source',
        root,
      ]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(
        stdout
          .split('\n')
          .filter((said) => said.startsWith('container'))
          .sort(),
        ['container kept', 'container mapped', 'container plain'],
      );
      const uid = String(process.getuid?.());
      assert.match(await tspodOk(['start', '-a', 'kept']), new RegExp(`^${uid}\n 0 1 ${uid}\n ${uid} 0 1\n`));
      assert.equal(await tspodOk(['start', '-a', 'mapped']), '0\n 0 1 1000');
      assert.match(await tspodOk(['start', '-a', 'plain']), new RegExp(`^0\n 0 ${uid} 1\n 1 `));
      await tspodOk(['rm', 'kept', 'mapped', 'plain']);
      await tspodOk(['volume', 'rm', 'stock']);
    } finally {
      await podman('unshare', 'rm', '-rf', root);
    }
  });
});

/** What both programs of whatever version tell alike, and what was asked for. */
function essence(document: Record<string, unknown>): unknown {
  const part = (name: string): Record<string, unknown> => (document[name] ?? {}) as Record<string, unknown>;
  const [config, host] = [part('Config'), part('HostConfig')];
  const env = (config['Env'] as string[]).filter((entry) => !/^(TERM|HOSTNAME)=/.test(entry)).sort();
  const words = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value ?? ''));
  const limits = ((host['Ulimits'] ?? []) as { Name: string }[]).filter(
    ({ Name }) => Name === 'RLIMIT_NOFILE',
  );
  return {
    name: document['Name'],
    args: [document['Path'], document['Args']],
    process: [
      env,
      config['Cmd'],
      words(config['Entrypoint']),
      config['User'],
      config['WorkingDir'],
      config['Umask'],
    ],
    tty: [
      config['Tty'],
      config['OpenStdin'],
      config['Timeout'],
      config['StopTimeout'],
      config['Labels'] ?? {},
    ],
    health: [config['Healthcheck'], config['HealthcheckOnFailureAction']],
    caps: [document['EffectiveCaps'] ?? [], document['BoundingCaps'] ?? [], host['Privileged']],
    mounts: ((document['Mounts'] ?? []) as Record<string, unknown>[])
      .map(({ Type, Name = '', Destination, RW, Propagation }) =>
        words([Type, Name, Destination, RW, Propagation]),
      )
      .sort(),
    host: [
      host['PidMode'],
      host['UsernsMode'],
      host['PidsLimit'],
      host['ReadonlyRootfs'],
      host['AutoRemove'],
    ],
    // podman shows any node below /dev with the same numbers: /dev/shm may hold some of other tests.
    devices: (host['Devices'] as Record<string, unknown>[]).map(({ PathOnHost, ...others }) => ({
      ...others,
      isNamed: PathOnHost !== '',
    })),
    tmpfs: host['Tmpfs'] ?? {},
    hosts: host['ExtraHosts'] ?? [],
    limits: host['Privileged'] === true || limits[0] === undefined ? [] : limits,
    network: String(host['NetworkMode']).replace(/:.*/, ''),
  };
}

/** The same state as podman 5 keeps it: its schema, networks in the configuration. */
function toSqlite(bolt: BoltBucket, file: string): void {
  const db = new BetterSqlite3(file);
  db.exec(`
    CREATE TABLE ContainerConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT UNIQUE NOT NULL, PodID TEXT, JSON TEXT NOT NULL);
    CREATE TABLE ContainerState(ID TEXT PRIMARY KEY NOT NULL, State INTEGER NOT NULL, ExitCode INTEGER, JSON TEXT NOT NULL);
    CREATE TABLE PodConfig(ID TEXT PRIMARY KEY NOT NULL, Name TEXT UNIQUE NOT NULL, JSON TEXT NOT NULL);
    CREATE TABLE PodState(ID TEXT PRIMARY KEY NOT NULL, InfraContainerID TEXT, JSON TEXT NOT NULL);
    CREATE TABLE VolumeConfig(Name TEXT PRIMARY KEY NOT NULL, StorageID TEXT, JSON TEXT NOT NULL);
  `);
  const each = (
    name: string,
    put: (key: string, config: Record<string, unknown>, bucket: BoltBucket) => void,
  ): void => {
    const bucket = bolt.bucket(name);
    for (const key of bucket?.keys() ?? []) {
      const one = bucket?.bucket(key);
      if (one !== undefined) put(key, json(one, 'config'), one);
    }
  };
  each('ctr', (id, config, bucket) => {
    const networks = bucket.bucket('networks');
    const keys = networks?.keys() ?? [];
    if (networks !== undefined && keys.length > 0)
      config['newNetworks'] = Object.fromEntries(keys.map((key) => [key, json(networks, key)]));
    const state = json(bucket, 'state');
    db.prepare('INSERT INTO ContainerConfig VALUES (?, ?, ?, ?)').run(
      id,
      config['name'],
      config['pod'] ?? null,
      JSON.stringify(config),
    );
    db.prepare('INSERT INTO ContainerState VALUES (?, ?, 0, ?)').run(
      id,
      state['state'],
      JSON.stringify(state),
    );
  });
  each('pod', (id, config, bucket) => {
    const state = json(bucket, 'state');
    db.prepare('INSERT INTO PodConfig VALUES (?, ?, ?)').run(id, config['name'], JSON.stringify(config));
    db.prepare('INSERT INTO PodState VALUES (?, ?, ?)').run(
      id,
      state['InfraContainerID'],
      JSON.stringify(state),
    );
  });
  each('vol', (name, config) =>
    db.prepare('INSERT INTO VolumeConfig VALUES (?, NULL, ?)').run(name, JSON.stringify(config)),
  );
  db.close();
}

function json(bucket: BoltBucket, key: string): Record<string, unknown> {
  return JSON.parse(bucket.get(key)?.toString() ?? '{}') as Record<string, unknown>;
}

import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { freshName } from '../fixtures/containers.ts';
import { askKeeper, criuTspod, criuTspodOk, startKeeper, stateOf, withCriu } from '../fixtures/criu.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

const WITHOUT_NETWORK = ['--network', 'none'];
const ZERO_TIME = '0001-01-01T00:00:00Z';

describe('a checkpoint', { skip: requires('root', 'criu', 'runc') }, () => {
  let image: string;
  before(async () => {
    image = await busyboxImage();
  });

  it('ends a container, and restore continues it: same memory, same files, same address', {
    skip: requires('netavark', 'private-network'),
  }, async () => {
    const name = freshName();
    const token = await startKeeper(name, image);
    const address = [
      'inspect',
      '--format',
      '{{.NetworkSettings.IPAddress}} {{.NetworkSettings.MacAddress}}',
      name,
    ];
    const before = await criuTspodOk(address);
    assert.equal(await criuTspodOk(['container', 'checkpoint', name]), name);
    const ended = await stateOf(name);
    assert.deepEqual(
      [ended['Status'], ended['ExitCode'], ended['Checkpointed'], ended['Restored']],
      ['exited', 0, true, undefined],
    );
    assert.notEqual(ended['CheckpointedAt'], ZERO_TIME);
    assert.ok(existsSync(join(String(ended['CheckpointPath']), 'inventory.img')));
    assert.match(await criuTspodOk(['ps', '-a', '--filter', `name=${name}`]), /Exited \(0\)/);

    assert.equal(await criuTspodOk(['container', 'restore', name]), name);
    const running = await stateOf(name);
    assert.deepEqual(
      [running['Status'], running['Checkpointed'], running['Restored'], running['CheckpointedAt']],
      ['running', undefined, true, ZERO_TIME],
    );
    assert.equal(await askKeeper(name), token);
    assert.equal(await criuTspodOk(address), before);
    assert.equal(existsSync(String(ended['CheckpointPath'])), false);
    await criuTspodOk(['stop', '-t', '0', name]);
    await criuTspodOk(['start', name]);
    assert.equal((await stateOf(name))['Restored'], undefined);
    await criuTspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('is kept by docker’s commands under a name, as often as one likes, here or elsewhere', async () => {
    const [name, directory] = [freshName(), join(testRoot().base, 'named')];
    const token = await startKeeper(name, image, WITHOUT_NETWORK);
    const elsewhere = ['--checkpoint-dir', directory];
    assert.equal(await criuTspodOk(['checkpoint', 'create', '--leave-running', name, 'first']), 'first');
    assert.equal(await askKeeper(name), token);
    assert.match((await criuTspod(['checkpoint', 'create', name, 'first'])).stderr, /already exists/);
    await criuTspodOk(['checkpoint', 'create', ...elsewhere, name, 'second']);
    assert.equal((await stateOf(name))['Status'], 'exited');
    assert.equal(await criuTspodOk(['checkpoint', 'ls', name]), 'CHECKPOINT NAME\nfirst');
    assert.equal(await criuTspodOk(['checkpoint', 'ls', ...elsewhere, name]), 'CHECKPOINT NAME\nsecond');
    await criuTspodOk(['start', '--checkpoint', 'second', ...elsewhere, name]);
    assert.equal(await askKeeper(name), token);
    assert.match((await criuTspod(['start', '--checkpoint', 'first', name])).stderr, /it is running/);
    for (let times = 0; times < 2; times++) {
      await criuTspodOk(['stop', '-t', '0', name]);
      await criuTspodOk(['start', '--checkpoint', 'first', name]);
      assert.equal(await askKeeper(name), token);
    }
    await criuTspodOk(['checkpoint', 'rm', name, 'first']);
    const gone = await criuTspod(['checkpoint', 'rm', name, 'first']);
    assert.deepEqual([gone.code, /does not exist/.test(gone.stderr)], [1, true]);
    await criuTspodOk(['rm', '-f', '-t', '0', name]);
  });

  it('leaves a container running where that is wanted, tells its measures, and is kept for several restores', async () => {
    const name = freshName();
    // CRIU does not follow links to what is mounted.
    const file = join(testRoot().base, 'mounted');
    writeFileSync(file, 'x');
    symlinkSync(file, `${file}-link`);
    const token = await startKeeper(name, image, [...WITHOUT_NETWORK, '-v', `${file}-link:/mounted:ro`]);
    const printed = await criuTspodOk([
      'container',
      'checkpoint',
      '--leave-running',
      '--keep',
      '--print-stats',
      name,
    ]);
    const { container_statistics: statistics } = JSON.parse(printed) as {
      container_statistics: { Id: string; runtime_checkpoint_duration: number; criu_statistics: object }[];
    };
    assert.ok((statistics[0]?.runtime_checkpoint_duration ?? 0) > 0);
    assert.ok('pages_written' in (statistics[0]?.criu_statistics ?? {}));
    assert.equal((await stateOf(name))['Status'], 'running');
    assert.equal(await askKeeper(name), token);
    const refused = await criuTspod(['container', 'restore', name]);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /is running, cannot restore/);
    await criuTspodOk(['stop', '-t', '0', name]);
    for (const _ of ['first', 'second']) {
      await criuTspodOk(['container', 'restore', '--keep', '--print-stats', name]);
      assert.equal(await askKeeper(name), token);
      await criuTspodOk(['stop', '-t', '0', name]);
    }
    assert.ok(existsSync(String((await stateOf(name))['CheckpointLog'])));
    await criuTspodOk(['rm', name]);
    assert.deepEqual(readdirSync(join(testRoot().graphRoot, 'containers')), []);
  });

  it('goes to a file with the changed files and volumes of a container, also of one with --rm, and comes from it', async () => {
    const name = freshName();
    const volume = freshName('v');
    const archive = join(testRoot().base, 'checkpoint.tar');
    const token = await startKeeper(name, image, [...WITHOUT_NETWORK, '--rm', '-v', `${volume}:/data`]);
    const changes = [
      'echo volume >/data/file; echo root >/made; echo memory >/dev/shm/file',
      // The second of them is made anew, and shows nothing of what the image has there.
      'rm /etc/group; rm -r /var; mkdir /var; echo new >/var/own',
    ].join('; ');
    await criuTspodOk(['exec', name, 'sh', '-c', changes]);
    const alone = await criuTspod(['container', 'checkpoint', name]);
    assert.match(alone.stderr, /started with '--rm'.*--export/);
    await criuTspodOk(['container', 'checkpoint', '--export', archive, '--compress', 'none', name]);
    assert.equal(statSync(archive).mode & 0o777, 0o600);
    assert.equal((await tspod(['container', 'exists', name])).code, 1);

    const listed = (await runProgram('tar', ['tf', archive])).stdout.split('\n');
    for (const file of [
      'config.dump',
      'spec.dump',
      'network.status',
      'checkpoint/inventory.img',
      'ctr.log',
      'stats-dump',
    ])
      assert.ok(listed.includes(file), file);
    for (const file of ['rootfs-diff.tar', 'deleted.files', 'devshm-checkpoint.tar', `volumes/${volume}.tar`])
      assert.ok(listed.includes(file), file);
    assert.deepEqual(JSON.parse((await runProgram('tar', ['xOf', archive, 'deleted.files'])).stdout), [
      '/etc/group',
      '/var/spool',
    ]);

    const taken = await criuTspod(['container', 'restore', '--import', archive]);
    assert.match(taken.stderr, new RegExp(`volume with name ${volume} already exists. Use --ignore-volumes`));
    await criuTspodOk(['volume', 'rm', volume]);
    const id = await criuTspodOk(['container', 'restore', '--import', archive]);
    assert.equal(await criuTspodOk(['inspect', '--format', '{{.Id}}', name]), id);
    assert.equal(await askKeeper(name), token);
    const look = 'cat /data/file /made /dev/shm/file /var/own; ls /var; ls /etc/group 2>&1 || true';
    assert.equal(
      await criuTspodOk(['exec', name, 'sh', '-c', look]),
      'volume\nroot\nmemory\nnew\nown\nls: /etc/group: No such file or directory',
    );

    for (const [make, what] of [
      ['ln -s /etc/passwd away', 'a link'],
      ['mkfifo away', 'neither file nor directory'],
    ]) {
      const odd = join(testRoot().base, 'odd.tar');
      const script = `cp ${archive} ${odd}; rm -f away; ${make}; tar rf ${odd} away`;
      await runProgram('sh', ['-ec', script], { cwd: testRoot().base });
      const flags = ['-i', odd, '-n', 'odd', '--ignore-volumes'];
      const { stderr } = await criuTspod(['container', 'restore', ...flags]);
      assert.match(stderr, new RegExp(`a file of the checkpoint is ${what}: "away"`));
      assert.equal((await tspod(['container', 'exists', 'odd'])).code, 1);
    }
    if (requires('crun') === false) {
      const byAnother = [
        '--runtime',
        'crun',
        'container',
        'restore',
        '-i',
        archive,
        '-n',
        'foreign',
        '--ignore-volumes',
      ];
      const { stderr } = await tspod(byAnother, withCriu());
      assert.match(
        stderr,
        /made with runtime runc and cannot be restored with runtime crun\n.*--runtime runc/,
      );
    }
    const again = await criuTspod(['container', 'restore', '--ignore-volumes', '--import', archive]);
    assert.match(again.stderr, /it is there already/);
    const other = freshName();
    await criuTspodOk(['container', 'restore', '--ignore-volumes', '--import', archive, '--name', other]);
    assert.equal(await askKeeper(other), token);
    await criuTspodOk(['rm', '-f', '-t', '0', name, other]);
    const bare = freshName();
    await criuTspodOk([
      'container',
      'restore',
      '--ignore-volumes',
      '--ignore-rootfs',
      '-i',
      archive,
      '-n',
      bare,
    ]);
    assert.match(await criuTspodOk(['exec', bare, 'ls', '/etc/group', '/']), /group/);
    await criuTspodOk(['rm', '-f', '-t', '0', bare]);
    await criuTspodOk(['volume', 'rm', volume]);
    assert.deepEqual(readdirSync(join(testRoot().graphRoot, 'tmp')), []);
  });

  it('is an image, from which containers of other names go on', async () => {
    const name = freshName();
    const token = await startKeeper(name, image, WITHOUT_NETWORK);
    await criuTspodOk(['container', 'checkpoint', '--create-image', 'saved', name]);
    const annotations = ['image', 'inspect', '--format', '{{json .Annotations}}', 'localhost/saved:latest'];
    const told = JSON.parse(await criuTspodOk(annotations)) as Record<string, string>;
    assert.equal(told['io.podman.annotations.checkpoint.name'], name);
    assert.equal(told['io.podman.annotations.checkpoint.runtime.name'], 'runc');
    const other = freshName();
    await criuTspodOk(['container', 'restore', '--name', other, 'saved']);
    assert.equal(await askKeeper(other), token);
    const noCheckpoint = await criuTspod(['container', 'restore', image]);
    assert.match(noCheckpoint.stderr, /image is not a checkpoint/);
    // The original has its own still.
    await criuTspodOk(['container', 'restore', '--all']);
    assert.equal(await askKeeper(name), token);
    await criuTspodOk(['rm', '-f', '-t', '0', name, other]);
    await criuTspodOk(['rmi', 'saved']);
  });

  it('of a part of a pod goes on in a pod, and only there', async () => {
    const archive = join(testRoot().base, 'member.tar');
    await criuTspodOk(['pod', 'create', ...WITHOUT_NETWORK, '--name', 'first']);
    const token = await startKeeper('member', image, ['--pod', 'first']);
    await criuTspodOk(['container', 'checkpoint', '--export', archive, 'member']);
    await criuTspodOk(['pod', 'create', ...WITHOUT_NETWORK, '--name', 'second']);
    const alone = await criuTspod(['container', 'restore', '--import', archive, '--name', 'other']);
    assert.match(alone.stderr, /cannot restore pod container without --pod/);
    await criuTspodOk(['container', 'restore', '--import', archive, '--name', 'other', '--pod', 'second']);
    assert.equal(await askKeeper('other'), token);
    assert.equal(
      await criuTspodOk([
        'ps',
        '--filter',
        'pod=second',
        '--filter',
        'name=other',
        '--format',
        '{{.PodName}}',
      ]),
      'second',
    );
    await criuTspodOk(['container', 'restore', 'member']);
    assert.equal(await askKeeper('member'), token);
    await criuTspodOk(['pod', 'rm', '-f', '-t', '0', 'first', 'second']);
  });

  it('that cannot be restored leaves the container as it was, and says what CRIU says', async () => {
    const name = freshName();
    const token = await startKeeper(name, image, [...WITHOUT_NETWORK, '-v', '/data']);
    await criuTspodOk(['container', 'checkpoint', '--keep', name]);
    const path = String((await stateOf(name))['CheckpointPath']);
    await runProgram('mv', [join(path, 'core-1.img'), join(path, 'hidden.img')]);
    const { code, stderr } = await criuTspod(['container', 'restore', name]);
    assert.equal(code, 125);
    assert.match(stderr, /cannot restore container .*: CRIU says: .*\(criu\/[a-z-]+\.c:\d+\)/);
    assert.match(stderr, /its log is .*restore\.log/);
    const state = await stateOf(name);
    assert.deepEqual([state['Status'], state['Checkpointed']], ['exited', true]);
    await runProgram('mv', [join(path, 'hidden.img'), join(path, 'core-1.img')]);
    await criuTspodOk(['container', 'restore', name]);
    assert.equal(await askKeeper(name), token);
    await criuTspodOk(['rm', '-f', '-v', '-t', '0', name]);
  });

  it('of a strange archive is refused, and nothing of it stays', async () => {
    const base = join(testRoot().base, 'strange');
    await runProgram('mkdir', [base]);
    const archive = join(base, 'archive.tar');
    const make = (script: string) => runProgram('sh', ['-ec', script], { cwd: base });
    const refused = async (reason: RegExp): Promise<void> => {
      const { code, stderr } = await criuTspod(['container', 'restore', '--import', archive]);
      assert.equal(code, 125);
      assert.match(stderr, reason);
      assert.doesNotMatch(stderr, /internal error/);
    };
    await refused(/failed to open checkpoint archive/);
    await make('echo hello >hello; tar cf archive.tar hello');
    await refused(/there is no config\.dump in it/);
    await make('echo hello >config.dump; echo {} >spec.dump; tar cf archive.tar config.dump spec.dump');
    await refused(/config\.dump of the checkpoint cannot be read as JSON/);
    const id = 'a'.repeat(64);
    await make(
      `echo '{"id":"${id}","tspod":{"spec":{"version":1}}}' >config.dump; tar cf archive.tar config.dump spec.dump`,
    );
    await refused(/in a way that this tspod does not know: createCommand/);
    await make('tar cf archive.tar --transform "s,hello,../../outside," -P hello');
    await refused(/leads out/);
    assert.deepEqual(readdirSync(join(testRoot().graphRoot, 'tmp')), []);
    assert.equal((await tspod(['container', 'exists', id])).code, 1);
  });
});

describe('a checkpoint is refused', () => {
  it('without root', { skip: isRoot() ? 'for an ordinary user' : false }, async () => {
    for (const [command, word] of [
      ['checkpoint', 'checkpointing'],
      ['restore', 'restoring'],
    ] as const) {
      const { code, stderr } = await tspod(['container', command, 'any']);
      assert.equal(code, 125);
      assert.match(stderr, new RegExp(`${word} a container requires root`));
    }
  });

  it('without CRIU, by the name of its package', { skip: requires('root') }, async () => {
    for (const command of ['checkpoint', 'restore']) {
      const { code, stderr } = await tspod(['container', command, 'any'], { env: { PATH: '/nowhere' } });
      assert.equal(code, 125);
      assert.match(stderr, /needs CRIU: cannot run criu.*\n.*the package is called criu/);
    }
  });

  it('of options that do not go together', async () => {
    for (const [args, reason] of [
      [['checkpoint', '--compress', 'gzip', 'c'], /--compress can only be used with --export/],
      [['checkpoint', '-e', 'f', '--compress', 'lzma', 'c'], /"lzma"\) not supported.*gzip, none, zstd/],
      [['checkpoint', '--ignore-rootfs', 'c'], /--ignore-rootfs can only be used with --export/],
      [['checkpoint', '--ignore-volumes', 'c'], /--ignore-volumes can only be used with --export/],
      [['restore', '--import', 'f', 'c'], /cannot use --import with positional arguments/],
      [['restore', '--import', 'f', '--all'], /cannot use --import with --all or --latest/],
      [['restore', '--name', 'n', '--tcp-established', 'c'], /--tcp-established cannot be used with --name/],
      [['restore', '--name', 'n', 'c', 'd'], /--name can only be used with one checkpoint image/],
    ] as const) {
      const { code, stderr } = await tspod(['container', ...args]);
      assert.equal(code, 125, args.join(' '));
      assert.match(stderr, reason);
    }
  });

  it('of a container that does not run, or has none', {
    skip: requires('root', 'criu', 'runc'),
  }, async () => {
    const name = freshName();
    await criuTspodOk(['create', '--name', name, ...WITHOUT_NETWORK, await busyboxImage(), 'true']);
    for (const [args, reason] of [
      [['checkpoint', name], /"created" is not running, cannot checkpoint/],
      [['restore', name], /a complete checkpoint for container .* cannot be found/],
      [['restore', '--name', 'other', name], /--name can only be used with image or --import/],
      [['restore', '--ignore-rootfs', name], /--ignore-rootfs can only be used with image or --import/],
      [['restore', '-p', '80', name], /--publish can only be used with image or --import/],
      [['checkpoint', '-e', '/tmp/f', name, name], /can only be used with one container/],
      [['checkpoint', '-e', '/nowhere/f', name], /cannot export the checkpoint to \/nowhere\/f/],
      [['checkpoint'], /you must provide at least one name or id/],
      [['restore', 'nothing'], /no container with name or ID "nothing" found/],
    ] as const) {
      const { code, stderr } = await criuTspod(['container', ...args]);
      assert.equal(code, 125, args.join(' '));
      assert.match(stderr, reason);
    }
    await tspodOk(['rm', name]);
    const mapped = ['--uidmap', '0:200000:65536', ...WITHOUT_NETWORK, '--name', name];
    await criuTspodOk(['run', '-d', ...mapped, await busyboxImage(), 'sleep', '1000']);
    assert.match((await criuTspod(['container', 'checkpoint', name])).stderr, /a user namespace of its own/);
    await criuTspodOk(['rm', '-f', '-t', '0', name]);
  });
});

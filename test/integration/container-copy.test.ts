import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { syscalls } from '../../src/native/linux.ts';
import { runProgram, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { requires } from '../fixtures/requires.ts';

let place = '';

before(async () => {
  await busyboxImage();
  place = join(testRoot().base, 'files');
  mkdirSync(join(place, 'tree/sub'), { recursive: true });
  writeFileSync(join(place, 'tree/file'), 'content\n', { mode: 0o640 });
  symlinkSync('/etc/passwd', join(place, 'tree/link'));
  await tspodOk([
    ...['run', '-d', '--network', 'none', '--name', 'live', '--tmpfs', '/memory', '-v', 'live:/volume'],
    ...[BUSYBOX, 'sleep', '600'],
  ]);
  await tspodOk([
    ...[
      'create',
      '--network',
      'none',
      '--name',
      'dead',
      '-v',
      'dead:/not/there/yet',
      '-v',
      `${place}:/ro:ro`,
    ],
    ...[BUSYBOX, 'cat', '/not/there/yet/file'],
  ]);
});

async function refusal(...args: string[]): Promise<string> {
  const { code, stderr } = await tspod(['cp', ...args]);
  assert.equal(code, 125);
  return stderr.split('\n')[0] ?? '';
}

async function namesIn(container: string, path: string): Promise<string> {
  const command = `"$@" cp ${container}:${path} - | tar t`;
  return (await shell(command)).stdout;
}

/** A shell command in which "$@" is tspod. */
function shell(command: string) {
  const roots = ['--root', testRoot().graphRoot, '--runroot', testRoot().runRoot];
  return runProgram('sh', ['-c', command, 'sh', join(import.meta.dirname, '../../bin/tspod'), ...roots]);
}

for (const container of ['live', 'dead']) {
  describe(`cp with a container that is ${container === 'live' ? 'running' : 'not running'}`, () => {
    test('makes a directory that is not there, or puts the directory into one that is', async () => {
      await tspodOk(['cp', join(place, 'tree'), `${container}:/one`]);
      await tspodOk(['cp', join(place, 'tree'), `${container}:/one`]);
      assert.equal(
        await namesIn(container, '/one'),
        'one/\none/file\none/link\none/sub/\none/tree/\none/tree/file\none/tree/link\none/tree/sub/\n',
      );
    });

    test('copies the contents alone where the source ends with a dot', async () => {
      await tspodOk(['cp', join(place, 'tree'), `${container}:/two`]);
      await tspodOk(['cp', `${join(place, 'tree')}/.`, `${container}:/two`]);
      assert.equal(await namesIn(container, '/two/.'), './\n./file\n./link\n./sub/\n');
    });

    test('brings files back with their contents, modes and links', async () => {
      await tspodOk(['cp', join(place, 'tree'), `${container}:/three`]);
      const back = join(place, `back-${container}`);
      await tspodOk(['cp', `${container}:/three`, back]);
      assert.deepEqual(readdirSync(back).sort(), ['file', 'link', 'sub']);
      assert.equal(readFileSync(join(back, 'file'), 'utf8'), 'content\n');
      assert.equal(statSync(join(back, 'file')).mode & 0o777, 0o640);
      assert.equal(statSync(join(back, 'file')).mtimeMs, statSync(join(place, 'tree/file')).mtimeMs);
      assert.equal(readlinkSync(join(back, 'link')), '/etc/passwd');
    });

    test('resolves links inside the container, never on the host', async () => {
      symlinkSync('/', join(place, `root-${container}`));
      await tspodOk(['cp', `${place}/root-${container}`, `${container}:/`, '-L=false']);
      await tspodOk(['cp', join(place, 'tree/file'), `${container}:/root-${container}/escaped`]);
      assert.equal(await namesIn(container, '/escaped'), 'escaped\n');
      assert.throws(() => lstatSync('/escaped'), { code: 'ENOENT' });
      const passwd = join(place, `passwd-${container}`);
      await tspodOk(['cp', `${container}:/root-${container}/../../../etc/passwd`, passwd]);
      assert.match(readFileSync(passwd, 'utf8'), /^root:/);
    });

    test('reads a tar, packed or not, from stdin', async () => {
      await tspodOk(['cp', `${join(place, 'tree')}/.`, `${container}:/four`]);
      const packed = await shell(`tar -C ${place} -cz tree | "$@" cp - ${container}:/four`);
      assert.equal(packed.code, 0, packed.stderr);
      assert.match(await namesIn(container, '/four'), /^four\/tree\/file$/m);
      assert.match(
        (await shell(`tar -C ${place} -c tree | "$@" cp - ${container}:/four/file`)).stderr,
        /"\/four\/file" in container \w+ is not a directory/,
      );
      for (const nothing of ['false', 'echo no tar']) {
        const { code, stderr } = await shell(`${nothing} | "$@" cp - ${container}:/four`);
        assert.equal(code, 125);
        assert.match(stderr, /source must be a tar archive/);
      }
    });

    test('refuses by cause', async () => {
      await tspodOk(['cp', `${join(place, 'tree')}/.`, `${container}:/five`]);
      const file = join(place, 'tree/file');
      assert.match(
        await refusal(`${container}:/nothing`, place),
        /"\/nothing" could not be found in container/,
      );
      assert.match(await refusal(join(place, 'nothing'), `${container}:/`), /could not be found on the host/);
      assert.match(
        await refusal(file, `${container}:/nothing/`),
        /directory "\/nothing\/" .* could not be found/,
      );
      assert.match(await refusal(file, `${container}:/no/where`), /its directory is missing/);
      assert.match(
        await refusal(place, `${container}:/five/file`),
        /must be a directory when copying a directory/,
      );
      assert.match(await refusal(file, file), /must specify at least one container/);
      assert.match(await refusal(file, `${container}:`), /you must specify paths/);
      mkdirSync(join(place, `clash-${container}/file`), { recursive: true });
      const clash = `${place}/clash-${container}/.`;
      assert.match(
        await refusal(clash, `${container}:/five`),
        /cannot overwrite non-directory with directory/,
      );
      await tspodOk(['cp', '--overwrite', clash, `${container}:/five`]);
      assert.match(await namesIn(container, '/five'), /^five\/file\/$/m);
    });
  });
}

describe('cp', () => {
  test('reaches volumes and what is in memory', async () => {
    await tspodOk(['cp', join(place, 'tree/file'), 'live:/memory']);
    await tspodOk(['cp', join(place, 'tree/file'), 'live:/volume/']);
    assert.equal(await tspodOk(['exec', 'live', 'cat', '/memory/file', '/volume/file']), 'content\ncontent');
  });

  test('writes into the volume of a container that has never run', async () => {
    await tspodOk(['cp', join(place, 'tree/file'), 'dead:/not/there/yet/file']);
    assert.equal(await tspodOk(['start', '-a', 'dead']), 'content');
  });

  test('leaves read-only mounts alone', async () => {
    assert.match(
      await refusal(join(place, 'tree/file'), 'dead:/ro/new'),
      /"\/ro\/new" .* is read-only there/,
    );
    assert.equal(await namesIn('dead', '/ro/tree/file'), 'file\n');
  });

  test('gives files to the user of the container, or keeps their ids', async () => {
    await tspodOk(['create', '--name', 'owned', '--user', '5:6', '--network', 'none', BUSYBOX, 'true']);
    await tspodOk(['cp', join(place, 'tree/file'), 'owned:/mine']);
    await shell(`tar -C ${place} --owner=7 --group=8 -c tree/file | "$@" cp -a=false - owned:/`);
    const owners = await shell(
      '"$@" cp owned:/mine - | tar tv --numeric-owner; "$@" cp owned:/tree - | tar tv --numeric-owner',
    );
    assert.match(owners.stdout, /5\/6 .* mine\n[\s\S]*7\/8 .* tree\/file/);
  });

  test('goes from one container to another', async () => {
    await tspodOk(['exec', 'live', 'sh', '-c', 'mkdir /from && echo x > /from/a && ln /from/a /from/b']);
    await tspodOk(['cp', 'live:/from', 'dead:/to']);
    await tspodOk(['cp', 'dead:/to', 'live:/back']);
    assert.equal(await tspodOk(['exec', 'live', 'sh', '-c', 'cat /back/a; stat -c %h /back/b']), 'x\n2');
  });

  test('keeps a container that is being read from starting half way', async () => {
    await tspodOk(['create', '--name', 'later', '--network', 'none', BUSYBOX, 'echo', 'ran']);
    const [, started] = await Promise.all([
      tspodOk(['cp', 'later:/etc', join(place, 'later-etc')]),
      tspodOk(['start', '-a', 'later']),
    ]);
    assert.equal(started, 'ran');
    assert.ok(statSync(join(place, 'later-etc/passwd')).isFile());
  });

  test('refuses an archive that leads out of its directory', async () => {
    const { stderr, code } = await shell(
      `mkdir -p ${place}/evil && ln -s / ${place}/evil/out && echo x > ${place}/x && cd ${place} && tar -cf evil.tar -C evil out && tar -rf evil.tar --transform 's,^x,out/pwned,' x && tar -rPf evil.tar --transform 's,^x,../../pwned,' x; "$@" cp - live:/volume < evil.tar`,
    );
    assert.equal(code, 125);
    assert.match(stderr, /out\/pwned": a part of its path is a link/);
    assert.equal((await tspod(['exec', 'live', 'ls', '/pwned'])).code, 1);
  });

  test('takes the set-user-id bit from files that get another owner on the host, and nowhere else', async () => {
    await tspodOk(['exec', 'live', 'sh', '-c', 'echo x > /memory/suid; chmod 6755 /memory/suid']);
    await tspodOk(['cp', 'live:/memory/suid', join(place, 'suid')]);
    assert.equal(statSync(join(place, 'suid')).mode & 0o7777, 0o755);
    await tspodOk(['cp', 'live:/memory/suid', 'live:/tmp/suid']);
    const mode = await tspodOk(['exec', 'live', 'stat', '-c', '%a', '/tmp/suid']);
    assert.equal(mode, '6755');
  });

  test('takes capabilities from files that come to the host, and nowhere else', {
    skip: requires('root'),
  }, async () => {
    const file = join(place, 'capable');
    writeFileSync(file, 'x', { mode: 0o755 });
    // Version 2, effective; permitted: CAP_NET_BIND_SERVICE.
    const capability = Buffer.alloc(20);
    capability.writeUInt32LE(0x02000001, 0);
    capability.writeUInt32LE(1 << 10, 4);
    syscalls().lsetxattr(file, 'security.capability', capability);
    await tspodOk(['cp', file, 'live:/capable']);
    const pid = await tspodOk(['inspect', '--format', '{{.State.Pid}}', 'live']);
    const inside = `/proc/${pid}/root/capable`;
    assert.deepEqual(syscalls().lgetxattr(inside, 'security.capability'), capability);
    await tspodOk(['cp', 'live:/capable', join(place, 'back')]);
    assert.equal(syscalls().lgetxattr(join(place, 'back'), 'security.capability'), undefined);
  });

  test('brings what a container made of a link to the host as a link', async () => {
    await tspodOk(['exec', 'live', 'sh', '-c', 'mkdir /trap && ln -s /etc /trap/etc']);
    await tspodOk(['cp', 'live:/trap', join(place, 'trap')]);
    assert.ok(lstatSync(join(place, 'trap/etc')).isSymbolicLink());
  });
});

import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BUSYBOX, busyboxArchive, busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  makeTestRoot,
  rootArguments,
  runProgram,
  testRoot,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { makeUser } from '../fixtures/launcher-user.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

describe('unshare', { skip: requires('rootless') }, () => {
  it('runs a command as root of the namespace that containers run in, without a process in between', async () => {
    assert.equal(await tspodOk(['unshare', 'id', '-u']), '0');
    const map = await tspodOk(['unshare', 'cat', '/proc/self/uid_map']);
    assert.match(map, new RegExp(`^\\s*0\\s+${statSync('/proc/self').uid}\\s+1\\n`));
    assert.equal(await tspodOk(['unshare', 'sh', '-c', 'echo $PPID']), String(process.pid));
    assert.equal(
      await tspodOk(['unshare', 'sh', '-c', 'echo $CONTAINERS_GRAPHROOT $CONTAINERS_RUNROOT']),
      `${testRoot().graphRoot} ${testRoot().runRoot}`,
    );
  });

  it('passes arguments, the environment and the exit code on', async () => {
    const result = await tspod(
      ['unshare', 'sh', '-c', 'echo "$1|$NODE_OPTIONS|$TSPOD_ARGV0"; exit 9', 'sh', '-a b'],
      {
        env: { NODE_OPTIONS: undefined },
      },
    );
    assert.deepEqual([result.code, result.stdout], [9, '-a b||\n']);
    assert.equal(await tspodOk(['unshare'], { input: 'id -u\n', env: { SHELL: '/bin/sh' } }), '0');
    const missing = await tspod(['unshare', 'no-such-program']);
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /no-such-program: not found/);
  });

  it('sees the files of containers with the owners that they have inside', async () => {
    const image = await busyboxImage();
    await tspodOk(['run', '--rm', '-v', 'owned:/v', image, 'sh', '-c', 'touch /v/f && chown 33:34 /v/f']);
    const path = await tspodOk(['volume', 'inspect', '--format', '{{.Mountpoint}}', 'owned']);
    assert.equal(await tspodOk(['unshare', 'stat', '-c', '%u:%g', join(path, 'f')]), '33:34');
    await tspodOk(['volume', 'rm', 'owned']);
  });
});

describe('unshare --rootless-netns', { skip: requires('rootless', 'pasta', 'netavark') }, () => {
  const room = join(testRoot().runRoot, 'networks/rootless');
  const inside = (script: string) => tspod(['unshare', '--rootless-netns', 'sh', '-c', script]);

  it('makes the network of bridges when no container is on one, and takes it away behind the command', async () => {
    const { code, stdout } = await inside('cat /proc/net/dev; exit 7');
    assert.equal(code, 7);
    assert.match(stdout, /^ *out:/m);
    assert.deepEqual(
      readdirSync(room).filter((name) => name === 'users' || name === 'netns'),
      [],
    );
  });

  it('leaves it to a container that has come meanwhile', async () => {
    const image = await busyboxImage();
    const run = ['run', '-d', '--name', 'stays', '--network', 'bridge', image, 'sleep', '1000'];
    const command = [TSPOD, ...rootArguments(testRoot()), ...run].join(' ');
    assert.equal((await inside(`${command} >/dev/null`)).code, 0);
    assert.match(await tspodOk(['exec', 'stays', 'ip', '-o', 'addr']), /eth0/);
    assert.match((await inside('cat /proc/net/dev')).stdout, /^ *veth0:/m);
    await tspodOk(['rm', '-f', '-t', '0', 'stays']);
    await waitFor('the end of the network', () => !readdirSync(room).includes('netns'));
  });

  it('goes with the last container, also where somebody was killed in it', async () => {
    const image = await busyboxImage();
    const killed = spawnTspod(['unshare', '--rootless-netns', 'sh', '-c', 'echo in; exec sleep 1000']);
    await waitFor('the network', () => killed.stdout().includes('in'));
    const [child] = readFileSync(`/proc/${killed.pid}/task/${killed.pid}/children`, 'utf8').split(' ');
    killed.kill('SIGKILL');
    process.kill(Number(child), 'SIGKILL');
    await killed.exit;
    await tspodOk(['run', '--rm', '--network', 'bridge', image, 'true']);
    await waitFor('the end of the network', () => !readdirSync(room).includes('netns'));
  });
});

describe('unshare as root', { skip: requires('root') }, () => {
  it('is refused, with the reason', async () => {
    const result = await tspod(['unshare', 'true']);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /for users without root/);
  });

  it('leaves migrate and renumber nothing to do', async () => {
    const image = await busyboxImage();
    const id = await tspodOk(['run', '-d', '--network', 'none', image, 'sleep', '1000']);
    assert.equal(await tspodOk(['system', 'migrate']), '');
    assert.equal(await tspodOk(['system', 'renumber']), '');
    assert.equal(await tspodOk(['inspect', '--format', '{{.State.Status}}', id]), 'running');
    await tspodOk(['rm', '-f', '-t', '0', id]);
  });

  it('lets migrate give containers another runtime, from their next start on', async () => {
    const image = await busyboxImage();
    // A runtime of its own that says that it was called, and then is the usual one.
    const [name, path] = (
      await tspodOk(['info', '--format', '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'])
    ).split(' ');
    const folder = mkdtempSync(join(tmpdir(), 'tspod-runtime-'));
    const other = join(folder, name ?? '');
    const called = join(folder, 'called');
    writeFileSync(other, `#!/bin/sh\necho "$@" >> ${called}\nexec ${path} "$@"\n`, { mode: 0o755 });
    const id = await tspodOk(['create', '--network', 'none', image, 'true']);
    const running = await tspodOk(['run', '-d', '--network', 'none', image, 'sleep', '1000']);
    await tspodOk(['system', 'migrate', '--new-runtime', other]);
    assert.equal(await tspodOk(['inspect', '--format', '{{.State.Status}}', running]), 'running');
    await tspodOk(['stop', '-t', '0', running]);
    assert.equal(existsSync(called), false);
    await tspodOk(['start', '--attach', id]);
    assert.ok(readFileSync(called, 'utf8').includes(id));
    await tspodOk(['rm', id, running]);
    rmSync(folder, { recursive: true });
  });

  it('refuses a new runtime that is not there', async () => {
    const refused = await tspod(['system', 'migrate', '--new-runtime', 'absent']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /requested but runtime "absent" is not to be found/);
  });
});

describe('the namespace of a user', { skip: requires('rootless') }, () => {
  // A login of its own: other tests of the same user keep theirs.
  const login = mkdtempSync(join(tmpdir(), 'tspod-login-'));
  const root = makeTestRoot();
  const options = { root, env: { XDG_RUNTIME_DIR: login } };
  const pauseFile = join(login, 'tspod/pause.pid');
  const pausePid = () => Number(readFileSync(pauseFile, 'utf8').split(' ')[0]);
  const namespace = async () => await tspodOk(['unshare', 'readlink', '/proc/self/ns/mnt'], options);

  after(() => {
    assert.equal(existsSync(pauseFile), false);
    rmSync(login, { recursive: true });
  });

  it('is given up by system migrate, which stops containers first', async () => {
    await busyboxImage(root);
    await tspodOk(
      [
        'run',
        '-d',
        '--name',
        'kept',
        '-t',
        '--stop-timeout',
        '0',
        '--network',
        'none',
        BUSYBOX,
        'sleep',
        '1000',
      ],
      options,
    );
    const first = pausePid();
    assert.match(await tspodOk(['system', 'migrate'], options), /^stopped [0-9a-f]{64}$/);
    assert.equal(existsSync(pauseFile), false);
    await namespace();
    assert.notEqual(pausePid(), first);
    await tspodOk(['start', 'kept'], options);
    assert.equal(await tspodOk(['exec', 'kept', 'echo', 'again'], options), 'again');
  });

  it('is found again when the pause process is killed and the runtime directory wiped under a running container', async () => {
    const before = await namespace();
    const pid = pausePid();
    process.kill(pid, 'SIGKILL');
    await waitFor('the end of the pause process', () => !existsSync(`/proc/${pid}`));
    assert.equal(await tspodOk(['exec', 'kept', 'echo', 'healed'], options), 'healed');
    assert.equal(await namespace(), before);
    rmSync(join(login, 'tspod'), { recursive: true });
    assert.equal(await tspodOk(['exec', 'kept', 'echo', 'found'], options), 'found');
    assert.equal(await namespace(), before);
    await tspodOk(['rm', '-f', '-t', '0', 'kept'], options);
  });

  it('ends with system reset', async () => {
    await namespace();
    const pid = pausePid();
    await tspodOk(['system', 'reset', '--force'], options);
    await waitFor('the end of the pause process', () => !existsSync(`/proc/${pid}`));
  });
});

describe('a user with a single id', { skip: requires('root') }, () => {
  it('runs images whose files and groups are all root, and hears what else would need', async () => {
    const user = makeUser(`tspod-s${process.pid}`, { subordinateIds: false });
    const home = user.makeRuntimeDir();
    const archive = join(home, 'busybox.tar');
    copyFileSync(busyboxArchive(), archive);
    chmodSync(archive, 0o644);
    const env = { HOME: home, XDG_RUNTIME_DIR: home, PATH: process.env['PATH'] ?? '' };
    const asUser = async (args: string[], more: { HOME?: string } = {}) => {
      const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
      return await runProgram('setpriv', [...ids, TSPOD, ...args], { env: { ...env, ...more }, cwd: '/' });
    };
    const foreign = join(testRoot().base, 'foreign');
    mkdirSync(foreign, { mode: 0o700 });
    try {
      const first = await asUser(['import', '-q', archive, BUSYBOX]);
      assert.equal(first.code, 0, first.stderr);
      assert.match(first.stderr, /usermod --add-subuids/);
      const run = ['run', '--rm', '--network', 'none'];
      const works = await asUser([...run, BUSYBOX, 'id', '-u']);
      assert.deepEqual([works.stdout, works.stderr], ['0\n', '']);
      const other = await asUser([...run, '-u', '5', BUSYBOX, 'id']);
      assert.equal(other.code, 125);
      assert.match(
        other.stderr,
        /user 5 does not exist in the user namespace of the container, which has 0\n/,
      );
      const kept = await asUser([...run, '--userns', 'keep-id', BUSYBOX, 'id']);
      assert.match(kept.stderr, /keep-id needs more ids than your own one/);
      // As sudo without -H leaves it, and as a service without a login comes.
      const sudo = await asUser(['ps'], { HOME: foreign });
      assert.match(sudo.stderr, /HOME is \/.*\/foreign, which may be another user's: sudo .* -H/);
      const service = await asUser(['ps'], { HOME: '' });
      assert.match(
        service.stdout + service.stderr,
        new RegExp(`CONTAINER ID|/home/${user.name}/\\.local/share/tspod/state\\.db`),
      );
    } finally {
      user.remove();
    }
  });
});

describe('a user whose ranges of ids were changed', { skip: requires('root') }, () => {
  it('hears from system reset whose files stay, and what to do', async () => {
    const user = makeUser(`tspod-c${process.pid}`, { subordinateIds: false });
    const home = user.makeRuntimeDir();
    const env = { HOME: home, XDG_RUNTIME_DIR: home, PATH: process.env['PATH'] ?? '' };
    const asUser = async (args: string[]) => {
      const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
      return await runProgram('setpriv', [...ids, TSPOD, ...args], { env, cwd: '/' });
    };
    try {
      assert.equal((await asUser(['volume', 'create', 'first'])).code, 0);
      const place = (
        await asUser(['volume', 'inspect', '--format', '{{.Mountpoint}}', 'first'])
      ).stdout.trim();
      const store = dirname(dirname(dirname(place)));
      // As a container's process has left it, under an id of the old range.
      mkdirSync(join(place, 'of-old'));
      writeFileSync(join(place, 'of-old/file'), '');
      for (const name of ['of-old/file', 'of-old'])
        chownSync(join(place, name), 3_000_000_000, 3_000_000_000);
      const { code, stderr } = await asUser(['system', 'reset', '--force']);
      assert.equal(code, 125);
      assert.match(
        stderr,
        new RegExp(
          `cannot empty ${store}: ${place}/of-old belongs to a subordinate id that you no longer have: .*system migrate.*sudo rm -rf`,
        ),
      );
      assert.deepEqual(readdirSync(store), ['volumes']);
      rmSync(join(place, 'of-old'), { recursive: true });
      assert.equal((await asUser(['system', 'reset', '--force'])).code, 0);
    } finally {
      user.remove();
    }
  });
});

describe('a user whose number does not exist', { skip: requires('rootless') }, () => {
  it('is named, with the ids there are and the way to more', async () => {
    const image = await busyboxImage();
    const result = await tspod(['run', '--rm', '-u', '70000', image, 'true']);
    assert.equal(result.code, 125);
    assert.match(
      result.stderr,
      /user 70000 does not exist in the user namespace of the container, which has 0 and 1 to 65536/,
    );
    assert.match(result.stderr, /\/etc\/subuid.*tspod system migrate/);
  });
});

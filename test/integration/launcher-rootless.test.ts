import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { runProgram } from '../fixtures/harness.ts';
import {
  launch,
  launchEnvironment,
  launchWords,
  makePrefix,
  makeUser,
  pauseProcesses,
  type TestUser,
  told,
} from '../fixtures/launcher-user.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const skip = requires('root') || (existsSync('/usr/bin/newuidmap') ? false : 'newuidmap is not installed');

describe('the launcher, as a normal user', { skip }, () => {
  const prefix = makePrefix();
  let user: TestUser;
  let plain: TestUser;

  before(() => {
    user = makeUser(`tspod-a${process.pid}`, { subordinateIds: true });
    plain = makeUser(`tspod-b${process.pid}`, { subordinateIds: false });
  });
  after(() => {
    for (const { uid } of [user, plain]) rmSync(`/tmp/tspod-run-${uid}`, { recursive: true, force: true });
    user.remove();
    plain.remove();
    rmSync(prefix.directory, { recursive: true });
  });

  const start = (args: readonly string[], xdg: string, cwd = '/') =>
    launch(prefix, user, args, { env: { XDG_RUNTIME_DIR: xdg }, cwd });

  async function killPause(xdg: string): Promise<void> {
    for (const pid of pauseProcesses(xdg)) process.kill(pid, 'SIGKILL');
    await waitFor('the end of the pause process', () => pauseProcesses(xdg).length === 0);
  }

  test('is id 0 of a namespace with all subordinate ids, and keeps arguments, exit code and directory', async () => {
    const xdg = user.makeRuntimeDir();
    mkdirSync(join(prefix.directory, 'work'), { recursive: true });
    const result = await start(['ps', 'a b'], xdg, join(prefix.directory, 'work'));
    const facts = told(result);
    assert.equal(result.code, 7, result.stderr);
    assert.equal(result.stderr, '');
    assert.equal(facts['id'], '0:0');
    assert.equal(facts['argument'], 'a b');
    assert.equal(facts['cwd'], join(prefix.directory, 'work'));
    assert.match(facts['map'] ?? '', new RegExp(`^ ?0 ${user.uid} 1 1 \\d+ 65536 ?$`));
    assert.equal(facts['_TSPOD_ROOTLESS_UID'], String(user.uid));
    assert.equal(facts['_TSPOD_ROOTLESS_GID'], String(user.gid));
    assert.equal(facts['_TSPOD_ROOTLESS_MAPS'], 'full');
    assert.equal(facts['_TSPOD_RUNTIME_DIR'], join(xdg, 'tspod'));
  });

  test('makes one pause process when many first commands start at once', async () => {
    const xdg = user.makeRuntimeDir();
    const results = await Promise.all(Array.from({ length: 8 }, () => start(['ps'], xdg)));
    assert.deepEqual(
      results.map((result) => result.code),
      Array(8).fill(7),
    );
    assert.equal(new Set(results.map((result) => told(result)['user'])).size, 1);
    assert.equal(new Set(results.map((result) => told(result)['mnt'])).size, 1);
    assert.equal(pauseProcesses(xdg).length, 1);
  });

  test('leaves a pause process that holds nothing of the first command', async () => {
    const xdg = user.makeRuntimeDir();
    await start(['ps'], xdg, prefix.directory);
    const [pid] = pauseProcesses(xdg);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.match(status, /^Name:\ttspod-pause$/m);
    const links = execFileSync('ls', ['-l', `/proc/${pid}/fd`], { encoding: 'utf8' });
    assert.deepEqual(
      [...links.matchAll(/-> (.*)$/gm)].map((match) => match[1]),
      ['/dev/null', '/dev/null', '/dev/null'],
    );
    assert.equal(readFileSync(`/proc/${pid}/environ`, 'utf8'), '');
  });

  test('heals a killed pause process', async () => {
    const xdg = user.makeRuntimeDir();
    await start(['ps'], xdg);
    await killPause(xdg);
    const healed = await start(['ps'], xdg);
    assert.equal(healed.code, 7, healed.stderr);
    assert.equal(pauseProcesses(xdg).length, 1);
  });

  test('does not take another process for the pause process when its pid was reused', async () => {
    const xdg = user.makeRuntimeDir();
    await start(['ps'], xdg);
    await killPause(xdg);
    writeFileSync(join(xdg, 'tspod/pause.pid'), `${process.pid} 1 full\n`);
    const healed = await start(['ps'], xdg);
    assert.equal(healed.code, 7, healed.stderr);
    assert.notEqual(told(healed)['user'], undefined);
    // Numbers of namespaces that are gone are given again: those of that process are not.
    assert.notEqual(told(healed)['mnt'], readlinkSync('/proc/self/ns/mnt'));
  });

  test('finds the pause process again after the runtime directory was wiped', async () => {
    const xdg = user.makeRuntimeDir();
    const first = told(await start(['ps'], xdg));
    rmSync(join(xdg, 'tspod'), { recursive: true });
    const second = told(await start(['ps'], xdg));
    assert.equal(second['mnt'], first['mnt']);
    assert.equal(pauseProcesses(xdg).length, 1);
  });

  test("joins the namespaces of a running container's monitor when the pause process was killed", async () => {
    const xdg = user.makeRuntimeDir();
    const options = { env: { XDG_RUNTIME_DIR: xdg } };
    const [program = '', ...rest] = [...launchWords(user), prefix.tspod, 'hold'];
    const monitor = spawn(program, rest, {
      env: launchEnvironment(prefix, options),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve) => monitor.stdout.once('data', resolve));
      const first = told(await start(['ps'], xdg));
      await killPause(xdg);
      const second = told(await start(['ps'], xdg));
      assert.equal(second['user'], first['user']);
      assert.equal(second['mnt'], first['mnt']);
      assert.equal(second['_TSPOD_ROOTLESS_MAPS'], 'full');
      assert.equal(pauseProcesses(xdg).length, 1);
    } finally {
      monitor.kill('SIGKILL');
    }
  });

  test('does not take a process of a container for a monitor, whatever that calls itself', async () => {
    const xdg = user.makeRuntimeDir();
    const cage = join(prefix.directory, 'cage');
    mkdirSync(cage);
    copyFileSync('/bin/busybox', join(cage, 'busybox'));
    writeFileSync(join(cage, 'tspod-monitor'), '#!/busybox sh\necho holding\nread line\n', { mode: 0o755 });
    const [program = '', ...rest] = [...launchWords(user), prefix.tspod, 'caged'];
    const hostile = spawn(program, rest, {
      env: launchEnvironment(prefix, { env: { XDG_RUNTIME_DIR: xdg } }),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve) => hostile.stdout.once('data', resolve));
      const first = told(await start(['ps'], xdg));
      await killPause(xdg);
      const second = told(await start(['ps'], xdg));
      assert.notEqual(second['user'], first['user']);
      assert.notEqual(second['mnt'], first['mnt']);
    } finally {
      hostile.kill('SIGKILL');
    }
  });

  test('goes on directly when it is started inside its own namespace', async () => {
    const xdg = user.makeRuntimeDir();
    const outer = told(await start(['ps'], xdg));
    const inner = told(await start(['again', 'ps'], xdg));
    for (const name of ['user', 'mnt', '_TSPOD_ROOTLESS_UID', '_TSPOD_RUNTIME_DIR', '_TSPOD_ROOTLESS_MAPS']) {
      assert.equal(inner[name], outer[name], name);
    }
  });

  test('works in a directory that was deleted, and without standard input', async () => {
    const xdg = user.makeRuntimeDir();
    const gone = join(xdg, 'gone');
    mkdirSync(gone);
    chownSync(gone, user.uid, user.gid);
    const script = 'rmdir "$PWD"; exec "$@" <&-';
    const result = await launch(prefix, user, ['ps'], {
      env: { XDG_RUNTIME_DIR: xdg },
      cwd: gone,
      through: ['sh', '-c', script, 'sh'],
    });
    assert.equal(result.code, 7, result.stderr);
    assert.match(told(result)['cwd'] ?? '', /gone \(deleted\)$/);
  });

  test('keeps the rights of supplementary groups', async () => {
    const xdg = user.makeRuntimeDir();
    execFileSync('usermod', ['--append', '--groups', 'daemon', user.name]);
    const file = join(prefix.directory, 'for-daemon');
    writeFileSync(file, 'shared\n');
    execFileSync('chown', ['root:daemon', file]);
    chmodSync(file, 0o640);
    assert.equal((await start(['read', file], xdg)).stdout, 'shared\n');
  });

  test('falls back to one id without subordinate ids, and says once what root has to do', async () => {
    const xdg = plain.makeRuntimeDir();
    const run = () => launch(prefix, plain, ['ps'], { env: { XDG_RUNTIME_DIR: xdg } });
    const first = await run();
    assert.equal(first.code, 7, first.stderr);
    assert.match(
      first.stderr,
      new RegExp(`usermod --add-subuids \\d+-\\d+ --add-subgids \\d+-\\d+ ${plain.name}\\. `),
    );
    assert.equal(first.stderr.trimEnd().split('\n').length, 1);
    assert.equal(told(first)['map']?.trim(), `0 ${plain.uid} 1`);
    assert.equal(told(first)['_TSPOD_ROOTLESS_MAPS'], 'single');
    assert.equal((await run()).stderr, '');
  });

  test('proposes ids that no other user has', async () => {
    const xdg = plain.makeRuntimeDir();
    const result = await launch(prefix, plain, ['ps'], { env: { XDG_RUNTIME_DIR: xdg } });
    const proposed = Number(/--add-subuids (\d+)-/.exec(result.stderr)?.[1]);
    const taken = readFileSync('/etc/subuid', 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(':').slice(1).map(Number));
    for (const [begin = 0, count = 0] of taken)
      assert.ok(proposed >= begin + count, `${proposed} is in ${begin}+${count}`);
  });

  test('takes up ids that were given meanwhile, once the old namespace has gone', async () => {
    const late = makeUser(`tspod-c${process.pid}`, { subordinateIds: false });
    try {
      const xdg = late.makeRuntimeDir();
      const run = () => launch(prefix, late, ['ps'], { env: { XDG_RUNTIME_DIR: xdg } });
      const first = await run();
      const [, words = ''] = /usermod (.*) tspod-c/.exec(first.stderr) ?? [];
      execFileSync('usermod', [...words.split(' '), late.name]);
      assert.equal(told(await run())['_TSPOD_ROOTLESS_MAPS'], 'single');
      await killPause(xdg);
      const healed = await run();
      assert.equal(healed.stderr, '');
      assert.equal(told(healed)['_TSPOD_ROOTLESS_MAPS'], 'full');
      assert.match(told(healed)['map'] ?? '', new RegExp(`^ ?0 ${late.uid} 1 1 \\d+ 65536 ?$`));
    } finally {
      late.remove();
    }
  });

  test('falls back to one id when newuidmap is missing, and says what to install', async () => {
    const env = { XDG_RUNTIME_DIR: user.makeRuntimeDir() };
    const place = join(prefix.directory, 'hidden');
    for (const name of ['upper', 'work']) mkdirSync(join(place, name), { recursive: true });
    const hide = `mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=${place}/upper,workdir=${place}/work /usr/bin
      rm /usr/bin/newuidmap
      exec "$@"`;
    const words = [...launchWords(user, { env }), prefix.tspod, 'ps'];
    const result = await runProgram('unshare', ['-m', 'sh', '-ec', hide, 'sh', ...words], {
      env: launchEnvironment(prefix, { env }),
    });
    assert.equal(result.code, 7, result.stderr);
    assert.match(result.stderr, /newuidmap is missing. Let root run: apt-get install uidmap/);
    assert.equal(told(result)['_TSPOD_ROOTLESS_MAPS'], 'single');
  });

  test('explains no_new_privs, which takes the privilege from newuidmap', async () => {
    const env = { XDG_RUNTIME_DIR: user.makeRuntimeDir() };
    const result = await launch(prefix, user, ['ps'], { env, through: ['setpriv', '--no-new-privs'] });
    assert.equal(result.code, 7, result.stderr);
    assert.match(result.stderr, /no_new_privs is set/);
    assert.equal(told(result)['_TSPOD_ROOTLESS_MAPS'], 'single');
  });

  test('uses a private directory below /tmp when there is no runtime directory, and refuses a prepared one', async () => {
    const directory = `/tmp/tspod-run-${user.uid}`;
    const run = () => launch(prefix, user, ['ps'], { env: { XDG_RUNTIME_DIR: '/nowhere' } });
    assert.equal(told(await run())['_TSPOD_RUNTIME_DIR'], directory);
    for (const pid of pauseProcesses(directory)) process.kill(pid, 'SIGKILL');

    rmSync(directory, { recursive: true });
    symlinkSync(user.makeRuntimeDir(), directory);
    const linked = await run();
    assert.equal(linked.code, 125);
    assert.match(linked.stderr, /^Error: runtime directory .* is not a directory, or a symbolic link/);

    rmSync(directory);
    mkdirSync(directory, { mode: 0o700 });
    const foreign = await run();
    assert.equal(foreign.code, 125);
    assert.match(foreign.stderr, /belongs to another user/);

    chownSync(directory, user.uid, user.gid);
    chmodSync(directory, 0o777);
    const open = await run();
    assert.equal(open.code, 125);
    assert.match(open.stderr, /is writable by others/);
  });

  test('names the sysctl when user namespaces are switched off', async () => {
    // The limit belongs to the user namespace, so it is set in one of its own and the machine keeps its own.
    // The maps are written once the shell waits: one that got its ids while it compares the two would drop its rights as a
    // program with the setuid bit does.
    const script =
      'echo waiting; read go; echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --reuid 1234 --regid 1234 --clear-groups "$@"';
    const child = spawn('unshare', ['--user', '--keep-caps', 'sh', '-c', script, 'sh', prefix.tspod, 'ps'], {
      env: launchEnvironment(prefix),
      cwd: '/',
    });
    const printed = text(child.stderr);
    const ended = once(child, 'close');
    await once(child.stdout, 'data');
    for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, '0 0 65536\n');
    child.stdin.end('go\n');
    const [code] = await ended;
    rmSync('/tmp/tspod-run-1234', { recursive: true, force: true });
    assert.equal(code, 125, await printed);
    assert.match(await printed, /^Error: .*sysctl -w user\.max_user_namespaces=15000$/m);
  });
});

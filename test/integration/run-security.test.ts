import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inContainer, runScript } from '../fixtures/containers.ts';
import { testRoot } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';

/** Bits of the kernel's capability numbers. */
const CHOWN = 1n << 0n;
const NET_RAW = 1n << 13n;
const SYS_ADMIN = 1n << 21n;
const SYS_TIME = 1n << 25n;

async function capabilities(flags: string[], set = 'CapEff'): Promise<bigint> {
  const line = await inContainer(flags, `grep ^${set}: /proc/self/status`);
  return BigInt(`0x${line.split(/\s+/)[1]}`);
}

describe('capabilities', () => {
  it('are a small set by default', async () => {
    const mask = await capabilities([]);
    assert.ok((mask & CHOWN) !== 0n);
    assert.equal(mask & (SYS_ADMIN | SYS_TIME), 0n);
  });

  it('are added and dropped by name, with or without CAP_, in any case', async () => {
    assert.ok(((await capabilities(['--cap-add', 'cap_sys_time'])) & SYS_TIME) !== 0n);
    assert.ok(((await capabilities(['--cap-add', 'NET_RAW'])) & NET_RAW) !== 0n);
    assert.equal((await capabilities(['--cap-drop', 'CHOWN'])) & CHOWN, 0n);
  });

  it('are all gone or all there with ALL, but for what is named', async () => {
    assert.equal(await capabilities(['--cap-drop', 'ALL'], 'CapBnd'), 0n);
    assert.equal(await capabilities(['--cap-drop', 'all', '--cap-add', 'chown'], 'CapBnd'), CHOWN);
    const all = await capabilities(['--cap-add', 'ALL', '--cap-drop', 'SYS_TIME']);
    assert.ok((all & SYS_ADMIN) !== 0n);
    assert.equal(all & SYS_TIME, 0n);
  });

  it('stop what they stop', async () => {
    const result = await runScript(['--cap-drop', 'CHOWN'], 'chown 1:1 /etc/passwd');
    assert.match(result.stderr, /Operation not permitted/);
  });

  it('are given to another user only by name', async () => {
    assert.equal(await capabilities(['-u', '1000', '--cap-add', 'CHOWN']), CHOWN);
    assert.equal(await capabilities(['-u', '1000']), 0n);
  });

  it('are refused by name when they do not exist', async () => {
    for (const flag of ['--cap-add', '--cap-drop']) {
      const result = await runScript([flag, 'FLYING'], 'true');
      assert.equal(result.code, 125);
      assert.match(result.stderr, /FLYING/);
    }
  });
});

describe('security options', () => {
  it('forbid new privileges', async () => {
    const line = 'grep NoNewPrivs /proc/self/status';
    assert.match(await inContainer([], line), /\s0$/);
    assert.match(await inContainer(['--security-opt', 'no-new-privileges'], line), /\s1$/);
    assert.match(await inContainer(['--security-opt', 'no-new-privileges:false'], line), /\s0$/);
  });

  it('filter system calls, unless unconfined or privileged', async () => {
    const line = 'grep ^Seccomp: /proc/self/status';
    assert.match(await inContainer([], line), /\s2$/);
    assert.match(await inContainer(['--security-opt', 'seccomp=unconfined'], line), /\s0$/);
    assert.match(await inContainer(['--privileged'], line), /\s0$/);
  });

  it('filter by a profile of the user’s', async () => {
    const file = join(testRoot().base, 'profile.json');
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 }],
    };
    writeFileSync(file, JSON.stringify(profile));
    const result = await runScript(['--security-opt', `seccomp=${file}`], 'mkdir /tmp/x');
    assert.match(result.stderr, /Operation not permitted/);
    const missing = await runScript(['--security-opt', 'seccomp=/no/such.json'], 'true');
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /\/no\/such\.json/);
    writeFileSync(file, '{ not json');
    const broken = await runScript(['--security-opt', `seccomp=${file}`], 'true');
    assert.equal(broken.code, 125);
    assert.match(broken.stderr, /profile\.json/);
  });

  it('mask and unmask paths', async () => {
    assert.equal(await inContainer([], 'wc -c < /proc/timer_list'), '0');
    assert.equal(await inContainer(['--security-opt', 'mask=/etc/passwd'], 'wc -c < /etc/passwd'), '0');
    assert.equal(
      await inContainer(['--security-opt', 'mask=/etc/passwd:/etc/group'], 'cat /etc/passwd /etc/group'),
      '',
    );
    const masked = (flags: string[]) => inContainer(flags, 'grep -c " /proc/[^ ]* " /proc/mounts || true');
    assert.ok(Number(await masked([])) >= 5);
    assert.equal(await masked(['--security-opt', 'unmask=ALL']), '0');
    const one = await inContainer(['--security-opt', 'unmask=/proc/timer_list'], 'cat /proc/mounts');
    assert.doesNotMatch(one, / \/proc\/timer_list /);
    assert.match(one, / \/proc\/keys /);
  });

  it('are refused by name where the host has no such thing, or ignored as the peers do, which is told', async () => {
    if (!existsSync('/sys/fs/selinux/enforce')) {
      const label = await runScript(['--security-opt', 'label=type:x_t'], 'echo ran');
      assert.equal(label.stdout, 'ran\n');
      assert.match(label.stderr, /label=type:x_t has no effect: SELinux is not enabled/);
    }
    if (!existsSync('/sys/module/apparmor/parameters/enabled')) {
      const profile = await runScript(['--security-opt', 'apparmor=mine'], 'true');
      assert.equal(profile.code, 125);
      assert.match(profile.stderr, /AppArmor/);
    }
    assert.equal(
      await inContainer(
        ['--security-opt', 'label=disable', '--security-opt', 'apparmor=unconfined'],
        'echo ok',
      ),
      'ok',
    );
    const bogus = await runScript(['--security-opt', 'bogus=1'], 'true');
    assert.equal(bogus.code, 125);
    assert.match(bogus.stderr, /bogus/);
  });
});

describe('a privileged container', () => {
  it('has all that its user can give: capabilities, devices, a writable /sys', async () => {
    assert.ok(((await capabilities(['--privileged'])) & SYS_ADMIN) !== 0n);
    const devices = async (flags: string[]) => (await inContainer(flags, 'ls /dev')).split('\n');
    const ofHost = readdirSync('/dev', { withFileTypes: true })
      .filter((entry) => entry.isCharacterDevice() || entry.isBlockDevice())
      .map((entry) => entry.name)
      .filter((name) => name !== 'console');
    const inside = await devices(['--privileged']);
    assert.deepEqual(
      ofHost.filter((name) => !inside.includes(name)),
      [],
    );
    assert.ok((await devices([])).length < inside.length);
    assert.match(await inContainer(['--privileged'], 'grep " /sys " /proc/mounts'), / rw,/);
    assert.match(await inContainer([], 'grep " /sys " /proc/mounts'), / ro,/);
  });

  it('may mount', async () => {
    await inContainer(
      ['--privileged'],
      'mount -t tmpfs none /mnt 2>/dev/null || { mkdir -p /mnt; mount -t tmpfs none /mnt; }',
    );
    assert.notEqual((await runScript([], 'mkdir -p /mnt; mount -t tmpfs none /mnt')).code, 0);
  });
});

describe('devices', () => {
  it('are few by default', async () => {
    const listed = await inContainer([], 'ls /dev');
    for (const name of ['null', 'zero', 'full', 'random', 'urandom', 'tty', 'fd', 'stdin', 'ptmx', 'shm'])
      assert.match(listed, new RegExp(`^${name}$`, 'm'));
    assert.doesNotMatch(listed, /^(mem|vda|sda|loop0|kmsg)$/m);
  });

  it('are added by path, under another name, with fewer rights', async () => {
    assert.equal(
      await inContainer(['--device', '/dev/zero:/dev/nothing'], 'head -c 3 /dev/nothing | wc -c'),
      '3',
    );
  });

  it('may be opened as their permissions say', { skip: requires('root', 'fuse') }, async () => {
    const script = 'true < /dev/f && echo read; true 2>&1 > /dev/f || echo not written';
    assert.match(await inContainer(['--device', '/dev/fuse:/dev/f:r'], script), /^read\n(.*\n)?not written$/);
    assert.equal(await inContainer(['--device', '/dev/fuse:/dev/f'], script), 'read');
  });

  it('must be there, and be devices', async () => {
    const missing = await runScript(['--device', '/dev/nonesuch'], 'true');
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /\/dev\/nonesuch/);
    const file = await runScript(['--device', '/etc/passwd'], 'true');
    assert.equal(file.code, 125);
    assert.match(file.stderr, /\/etc\/passwd/);
    const bad = await runScript(['--device', '/dev/zero:/dev/x:q'], 'true');
    assert.equal(bad.code, 125);
  });
});

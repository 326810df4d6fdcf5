import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inContainer, runScript } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod } from '../fixtures/harness.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

const directory = (): string => mkdtempSync(join(testRoot().base, 'bind-'));

const mountsBelow = (path: string, name: string): boolean =>
  readFileSync('/proc/self/mounts', 'utf8').includes(` ${path}/${name} `);

describe('a directory of the host in a container', () => {
  it('is read and written from both sides', async () => {
    const source = directory();
    writeFileSync(join(source, 'in'), 'from the host');
    assert.equal(await inContainer(['-v', `${source}:/x`], 'cat /x/in; echo back > /x/out'), 'from the host');
    assert.equal(readFileSync(join(source, 'out'), 'utf8'), 'back\n');
    assert.equal(statSync(join(source, 'out')).uid, process.getuid?.());
  });

  it('cannot be written with ro, by any spelling', async () => {
    const source = directory();
    for (const flags of [
      ['-v', `${source}:/x:ro`],
      ['--mount', `type=bind,src=${source},dst=/x,ro`],
      ['--mount', `type=bind,source=${source},target=/x,readonly=true`],
      ['--mount', `type=bind,source=${source},destination=/x,rw=false`],
    ]) {
      const result = await runScript(flags, 'echo no > /x/file');
      assert.notEqual(result.code, 0, flags.join(' '));
      assert.match(result.stderr, /Read-only file system/);
    }
    assert.equal(existsSync(join(source, 'file')), false);
  });

  it('is read-only with all that is mounted below, where that was asked for', {
    skip: mountsBelow('/dev', 'shm') ? false : 'needs /dev/shm',
  }, async () => {
    const name = `tspod-test-${process.pid}`;
    const write = (words: string): ReturnType<typeof runScript> =>
      runScript(['--mount', `type=bind,src=/dev,dst=/x,readonly,${words}`], `: > /x/shm/${name}`);
    try {
      const shallow = await write('bind-recursive=writable');
      assert.equal(shallow.code, 0, shallow.stderr);
      assert.ok(existsSync(`/dev/shm/${name}`));
      rmSync(`/dev/shm/${name}`);
      const deep = await write('bind-recursive=readonly');
      assert.notEqual(deep.code, 0);
      assert.match(deep.stderr, /Read-only file system/);
      assert.equal(existsSync(`/dev/shm/${name}`), false);
    } finally {
      rmSync(`/dev/shm/${name}`, { force: true });
    }
    const refused = await runScript(['--mount', 'type=bind,src=/dev,dst=/x,bind-recursive=readonly'], 'true');
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /bind-recursive=readonly needs the option readonly/);
  });

  it('is refused by a runtime that would leave what lies below writable', async () => {
    const old = join(directory(), 'runc');
    writeFileSync(old, '#!/bin/sh\necho runc version 1.0.3\n', { mode: 0o755 });
    const { code, stderr } = await tspod([
      ...['--runtime', old, 'run', '--rm', '--network', 'none'],
      ...['--mount', `type=bind,src=${directory()},dst=/x,readonly,bind-recursive=readonly`],
      ...[await busyboxImage(), 'true'],
    ]);
    assert.equal(code, 125);
    assert.match(stderr, /below \/x read-only \(bind-recursive=readonly\): runc 1\.0\.3 does not know it/);
  });

  it('may be named relative to the current directory', async () => {
    const base = directory();
    mkdirSync(join(base, 'sub'));
    writeFileSync(join(base, 'sub/f'), 'relative');
    assert.equal(await inContainer(['-v', './sub:/x'], 'cat /x/f', { cwd: base }), 'relative');
    assert.equal(await inContainer(['-v', '.:/x'], 'cat /x/sub/f', { cwd: base }), 'relative');
    assert.equal(
      await inContainer(['--mount', 'type=bind,src=sub,dst=/x'], 'cat /x/f', { cwd: base }),
      'relative',
    );
  });

  it('may be a single file', async () => {
    const file = join(directory(), 'one');
    writeFileSync(file, 'single');
    assert.equal(await inContainer(['-v', `${file}:/etc/one:ro`], 'cat /etc/one'), 'single');
  });

  it('must be there, and nothing is made in its place', async () => {
    const missing = join(testRoot().base, 'missing');
    for (const flags of [
      ['-v', `${missing}:/x`],
      ['--mount', `type=bind,src=${missing},dst=/x`],
    ]) {
      const result = await runScript(flags, 'true');
      assert.equal(result.code, 125);
      assert.ok(result.stderr.includes(`${missing}: no such file or directory`), result.stderr);
    }
    assert.equal(existsSync(missing), false);
  });

  it('is refused with the reason when it cannot be reached', { skip: requires('rootless') }, async () => {
    const { code, stderr } = await tspod(['create', '-v', '/proc/1/root/x:/y', await busyboxImage()]);
    assert.equal(code, 125);
    assert.match(stderr, /statfs \/proc\/1\/root\/x: permission denied: cannot mount it at \/y/);
  });

  it('is made when the mount asks for it', async () => {
    const made = join(testRoot().base, 'made/for/it');
    await inContainer(['--mount', `type=bind,src=${made},dst=/x,bind-create-src`], 'echo 1 > /x/f');
    assert.equal(readFileSync(join(made, 'f'), 'utf8'), '1\n');
  });

  it('hides what the image has there, and is mounted where the image’s links lead', async () => {
    const source = directory();
    assert.equal(await inContainer(['-v', `${source}:/etc`], 'ls /etc | grep -c passwd; true'), '0');
  });

  it('carries the mount options of the kernel', async () => {
    const source = directory();
    const options = await inContainer(['-v', `${source}:/x:noexec,nosuid,nodev`], 'grep " /x " /proc/mounts');
    for (const option of ['noexec', 'nosuid', 'nodev']) assert.match(options, new RegExp(`\\b${option}\\b`));
    const script = join(source, 's');
    writeFileSync(script, '#!/bin/sh\necho ran\n', { mode: 0o755 });
    assert.equal((await runScript(['-v', `${source}:/x:noexec`], '/x/s')).code, 126);
    assert.equal(await inContainer(['-v', `${source}:/x`], '/x/s'), 'ran');
  });

  it('passes later mounts on as its propagation says', async () => {
    const source = directory();
    for (const kind of ['rprivate', 'rslave', 'private', 'slave'] as const) {
      const line = await inContainer(['-v', `${source}:/x:${kind}`], 'grep " /x " /proc/self/mountinfo');
      assert.equal(/ master:/.test(line), false, `${kind}: ${line}`);
    }
    const bad = await runScript(['-v', `${source}:/x:private,shared`], 'true');
    assert.equal(bad.code, 125);
    assert.match(bad.stderr, /exclude each other/);
  });

  it('belongs to the container’s user with U', async () => {
    const source = directory();
    mkdirSync(join(source, 'deep'));
    writeFileSync(join(source, 'deep/file'), '');
    symlinkSync('/etc/passwd', join(source, 'link'));
    const owner = await inContainer(
      ['-u', '1001:1002', '-v', `${source}:/x:U`],
      'stat -c %u:%g /x /x/deep/file /x/link; touch /x/deep/new',
    );
    assert.equal(owner, '1001:1002\n1001:1002\n1001:1002');
    if (isRoot()) {
      assert.equal(statSync(join(source, 'deep/file')).uid, 1001);
      assert.equal(statSync('/etc/passwd').uid, 0);
    }
  });

  it('is not given away with U when the host needs it', async () => {
    const result = await runScript(['-v', '/usr:/x:U'], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /\/usr/);
  });

  it('is shown once at each place: two mounts at one path are refused', async () => {
    const source = directory();
    const result = await runScript(['-v', `${source}:/x`, '--tmpfs', '/x'], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /\/x: duplicate mount destination/);
  });

  it('is refused with words that mean nothing', async () => {
    for (const [flags, words] of [
      [['-v', '/tmp:relative'], /relative/],
      [['-v', '/tmp:/x:bogus'], /bogus/],
      [['-v', 'a:b:c:d'], /a:b:c:d/],
      [['-v', ':/x'], /empty/],
      [['--mount', 'type=bogus,dst=/x'], /bogus/],
      [['--mount', 'type=bind,dst=/not/there'], /\/not\/there: no such file/],
      [['--mount', 'type=bind,src=/tmp'], /destination/],
      [['--mount', 'type=bind,src=/tmp,dst=/x,nonsense=1'], /nonsense/],
    ] as const) {
      const result = await runScript(flags, 'true');
      assert.equal(result.code, 125, flags.join(' '));
      assert.match(result.stderr, words);
    }
  });

  it('stays as it is with O, and what was written is gone, or where upperdir says', async () => {
    const source = directory();
    writeFileSync(join(source, 'f'), 'old');
    const script = 'echo new > /x/f; cat /x/f; mount | grep -c " /x "';
    assert.equal(await inContainer(['-v', `${source}:/x:O`], script), 'new\n1');
    const [upper, work] = [directory(), directory()];
    await inContainer(['-v', `${source}:/x:O,upperdir=${upper},workdir=${work}`], script);
    assert.equal(readFileSync(join(source, 'f'), 'utf8'), 'old');
    assert.equal(readFileSync(join(upper, 'f'), 'utf8'), 'new\n');
    await inContainer(['-v', 'overlaid:/x:O'], script);
    assert.equal(await inContainer(['-v', 'overlaid:/x'], 'ls /x'), '');
    const missing = await runScript(['-v', `${source}:/x:O,upperdir=/nowhere,workdir=${work}`], 'true');
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /no directory \/nowhere/);
  });

  it('may be the files of an image, or each file that a pattern names', async () => {
    const source = directory();
    writeFileSync(join(source, 'lib-a'), 'a');
    writeFileSync(join(source, 'lib-b'), 'b');
    const image = await busyboxImage();
    const flags = [
      `type=image,source=${image},dst=/i`,
      `type=image,source=${image},dst=/j,rw=true,subpath=bin`,
      `type=glob,src=${source}/lib-*,dst=/g,ro`,
      'type=ramfs,dst=/r',
    ].flatMap((mount) => ['--mount', mount]);
    const script =
      'touch /i/no; touch /j/yes; ls /j/yes /g; touch /g/lib-a; mount | grep -o "ramfs on /r type ramfs"';
    const result = await runScript(flags, script);
    assert.equal(result.stdout, '/j/yes\n\n/g:\nlib-a\nlib-b\nramfs on /r type ramfs\n', result.stderr);
    assert.match(result.stderr, /\/i\/no: Read-only[\s\S]*\/g\/lib-a: Read-only/);
    for (const [mount, message] of [
      ['type=image,src=nobody/knows,dst=/i', /image not known/],
      [`type=glob,src=${source}/none*`, /no file paths matching glob/],
    ] as const)
      assert.match((await runScript(['--mount', mount], 'true')).stderr, message);
  });

  it('comes along with --volumes-from, also read-only', async () => {
    const source = directory();
    const donor = await tspod([
      'create',
      '--network',
      'none',
      '-v',
      `${source}:/shared`,
      '-v',
      'from-donor:/named',
      await busyboxImage(),
      'true',
    ]);
    const id = donor.stdout.trim();
    await inContainer(['--volumes-from', id], 'echo 1 > /shared/a; echo 2 > /named/b');
    assert.equal(readFileSync(join(source, 'a'), 'utf8'), '1\n');
    assert.equal(await inContainer(['-v', 'from-donor:/n'], 'cat /n/b'), '2');
    const readOnly = await runScript(['--volumes-from', `${id}:ro`], 'echo 1 > /shared/b');
    assert.match(readOnly.stderr, /Read-only/);
    assert.equal((await runScript(['--volumes-from', 'nobody'], 'true')).code, 125);
  });
});

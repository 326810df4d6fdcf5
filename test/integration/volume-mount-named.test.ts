import assert from 'node:assert/strict';
import { writeFileSync, mkdirSync, chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { freshName, inContainer, runScript } from '../fixtures/containers.ts';
import { busyboxArchive, busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testRoot, tspodOk } from '../fixtures/harness.ts';

const IMAGE = 'localhost/with-data:latest';

/** Busybox with a directory /data: files of several owners and modes, a link, an image volume at /declared. */
async function makeImage(): Promise<void> {
  await busyboxImage();
  const root = testRoot().base;
  const folder = join(root, 'with-data');
  mkdirSync(join(folder, 'data/sub'), { recursive: true });
  mkdirSync(join(folder, 'declared'));
  writeFileSync(join(folder, 'data/file'), 'from the image');
  writeFileSync(join(folder, 'declared/seed'), 'seed');
  chmodSync(join(folder, 'data/file'), 0o640);
  chmodSync(join(folder, 'data'), 0o1770);
  symlinkSync('file', join(folder, 'data/link'));
  const archive = join(root, 'with-data.tar');
  const tar = await runProgram('sh', [
    '-c',
    `cp ${busyboxArchive()} ${archive} && chmod u+w ${archive} && tar --append --owner=33:33 --group=44:44 -C ${folder} -f ${archive} data declared`,
  ]);
  assert.equal(tar.code, 0, tar.stderr);
  await tspodOk(['import', '--change', 'VOLUME ["/declared"]', archive, IMAGE]);
}

let made: Promise<void> | undefined;
const imageWithData = (): Promise<void> => (made ??= makeImage());

const run = (...args: string[]) => tspodOk(['run', '--rm', '--network', 'none', ...args]);
const volumes = () => tspodOk(['volume', 'ls', '-q']);

describe('a named volume', () => {
  before(imageWithData);

  it('is made by its first use and keeps its contents', async () => {
    const name = freshName('v');
    await inContainer(['-v', `${name}:/x`], 'echo kept > /x/f');
    assert.equal(await inContainer(['-v', `${name}:/x`], 'cat /x/f'), 'kept');
    assert.match(await volumes(), new RegExp(`^${name}$`, 'm'));
  });

  it('belongs to the container’s user from its first use when the image has nothing there', async () => {
    const name = freshName('v');
    assert.equal(
      await inContainer(['-u', '1000:1001', '-v', `${name}:/x`], 'touch /x/f; stat -c %u:%g /x'),
      '1000:1001',
    );
    assert.equal(await inContainer(['-u', '7', '-v', `${name}:/x`], 'stat -c %u:%g /x'), '1000:1001');
    assert.equal(await inContainer(['-u', '7', '-v', `${freshName('v')}:/etc`], 'stat -c %u /etc'), '0');
  });

  it('gets what the image has there at first use, with owners, modes and links', async () => {
    const name = freshName('v');
    const listing = await run(
      '-v',
      `${name}:/data`,
      IMAGE,
      'sh',
      '-c',
      'stat -c "%n %u:%g %a %F" /data /data/file /data/link; cat /data/file',
    );
    assert.equal(
      listing,
      '/data 33:44 1770 directory\n/data/file 33:44 640 regular file\n/data/link 33:44 777 symbolic link\nfrom the image',
    );
    await run('-v', `${name}:/data`, IMAGE, 'sh', '-c', 'echo changed > /data/file; rm /data/link');
    assert.equal(
      await run('-v', `${name}:/data`, IMAGE, 'sh', '-c', 'cat /data/file; ls /data'),
      'changed\nfile\nsub',
    );
  });

  it('stays empty with nocopy', async () => {
    for (const flags of [
      ['-v', `${freshName('v')}:/data:nocopy`],
      ['--mount', `type=volume,src=${freshName('v')},dst=/data,volume-nocopy`],
    ])
      assert.equal(await run(...flags, IMAGE, 'ls', '/data'), '');
  });

  it('is read-only with ro', async () => {
    const name = freshName('v');
    const result = await runScript(['-v', `${name}:/x:ro`], 'touch /x/f');
    assert.match(result.stderr, /Read-only file system/);
  });

  it('belongs to the container’s user with U', async () => {
    assert.equal(
      await inContainer(
        ['-u', '1001:1002', '-v', `${freshName('v')}:/x:U`],
        'stat -c %u:%g /x; touch /x/mine',
      ),
      '1001:1002',
    );
  });

  it('may be mounted in part, and never leads out of itself', async () => {
    const name = freshName('v');
    await inContainer(['-v', `${name}:/x`], 'mkdir -p /x/a/b; echo part > /x/a/b/f; ln -s /etc /x/out');
    assert.equal(
      await inContainer(['--mount', `type=volume,src=${name},dst=/x,subpath=a/b`], 'cat /x/f; ls /x'),
      'part\nf',
    );
    const missing = await runScript(
      ['--mount', `type=volume,src=${name},dst=/x,volume-subpath=no/such`],
      'true',
    );
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /no\/such/);
    const out = await runScript(['--mount', `type=volume,src=${name},dst=/x,subpath=out`], 'ls /x');
    assert.notEqual(out.code, 0);
  });

  it('shows the part that was found, even when a container puts a link in its place before it is mounted', async () => {
    const volume = freshName();
    await run('-v', `${volume}:/v`, IMAGE, 'sh', '-c', 'mkdir /v/part; echo inside >/v/part/file');
    const mountpoint = await tspodOk(['volume', 'inspect', '--format', '{{.Mountpoint}}', volume]);
    const outside = join(testRoot().base, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'file'), 'OUTSIDE');
    const path = await tspodOk(['info', '--format', '{{.Host.OCIRuntime.Path}}']);
    const runtime = join(testRoot().base, 'exchanging-runtime');
    const exchange = `mv ${mountpoint}/part ${mountpoint}/old; ln -s ${outside} ${mountpoint}/part`;
    writeFileSync(
      runtime,
      `#!/bin/sh\ncase " $* " in *" create "*) ${exchange};; esac\nexec ${path} "$@"\n`,
      {
        mode: 0o755,
      },
    );
    const mount = ['--mount', `type=volume,src=${volume},dst=/m,subpath=part`];
    const shown = await tspodOk([
      'run',
      '--rm',
      '--network',
      'none',
      '--runtime',
      runtime,
      ...mount,
      IMAGE,
      'cat',
      '/m/file',
    ]);
    assert.equal(shown, 'inside');
  });

  it('is shared by containers that run at the same time', async () => {
    const name = freshName('v');
    const reader = inContainer(
      ['-v', `${name}:/x`],
      'i=0; while [ ! -f /x/go ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done; cat /x/go',
    );
    await inContainer(['-v', `${name}:/x`], 'echo now > /x/.go; mv /x/.go /x/go');
    assert.equal(await reader, 'now');
  });

  it('survives rm -v and --rm', async () => {
    const name = freshName('v');
    const container = await tspodOk([
      'create',
      '--network',
      'none',
      '-v',
      `${name}:/x`,
      await busyboxImage(),
      'true',
    ]);
    await tspodOk(['rm', '-v', container]);
    assert.match(await volumes(), new RegExp(`^${name}$`, 'm'));
  });

  it('must have a proper name', async () => {
    const result = await runScript(['-v', 'bad/name:/x'], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /bad\/name/);
    assert.match(result.stderr, /\.\/bad\/name/);
  });
});

describe('an anonymous volume', () => {
  before(imageWithData);

  it('is filled from the image, and goes with a --rm container', async () => {
    const earlier = await volumes();
    assert.equal(
      await run('-v', '/data', IMAGE, 'sh', '-c', 'cat /data/file; stat -c %u:%g:%a /data'),
      'from the image33:44:1770',
    );
    assert.equal(await run('--mount', 'type=volume,dst=/data', IMAGE, 'cat', '/data/file'), 'from the image');
    assert.equal(await volumes(), earlier);
  });

  it('comes with an image that declares volumes, unless told otherwise', async () => {
    assert.match(
      await run(IMAGE, 'sh', '-c', 'cat /declared/seed; grep -c " /declared " /proc/mounts'),
      /^seed1$/,
    );
    assert.match(
      await run('--image-volume', 'tmpfs', IMAGE, 'sh', '-c', 'grep " /declared " /proc/mounts'),
      /tmpfs/,
    );
    assert.equal(
      await run('--image-volume', 'ignore', IMAGE, 'sh', '-c', 'grep -c " /declared " /proc/mounts || true'),
      '0',
    );
  });

  it('stays after rm and goes with rm -v', async () => {
    const earlier = await volumes();
    const kept = await tspodOk(['create', '--network', 'none', '-v', '/x', await busyboxImage(), 'true']);
    await tspodOk(['rm', kept]);
    const left = (await volumes()).split('\n').filter((name) => !earlier.split('\n').includes(name));
    assert.equal(left.length, 1);
    assert.match(left[0] ?? '', /^[0-9a-f]{64}$/);
    const gone = await tspodOk(['create', '--network', 'none', '-v', '/x', await busyboxImage(), 'true']);
    await tspodOk(['rm', '-v', gone]);
    assert.equal(
      (await volumes()).split('\n').filter(Boolean).length,
      earlier.split('\n').filter(Boolean).length + 1,
    );
  });
});

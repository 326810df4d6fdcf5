import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inContainer, runScript, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { isRoot } from '../fixtures/requires.ts';

const create = (name: string, ...options: string[]) =>
  tspodOk(['volume', 'create', ...options.flatMap((option) => ['--opt', option]), name]);
const holders = (name: string) => tspodOk(['volume', 'inspect', '--format', '{{.MountCount}}', name]);

describe('a volume whose options say what is mounted', () => {
  it('is a directory of the host, which outlives the volume', async () => {
    const source = mkdtempSync(join(testRoot().base, 'device-'));
    writeFileSync(join(source, 'f'), 'old');
    await create('bound', 'type=none', 'o=bind', `device=${source}`);
    assert.equal(await inContainer(['-v', 'bound:/b'], 'cat /b/f; echo new > /b/g'), 'old');
    assert.equal(readFileSync(join(source, 'g'), 'utf8'), 'new\n');
    await tspodOk(['volume', 'rm', 'bound']);
    assert.ok(existsSync(join(source, 'f')));
  });

  it('is mounted once for all who use it, until the last has ended', async () => {
    await create('memory', 'type=tmpfs', 'o=size=1m,uid=7');
    const first = await startSleeper(['-v', 'memory:/m']);
    assert.equal(await holders('memory'), '1');
    await inContainer(['-v', 'memory:/m'], 'echo shared > /m/f');
    assert.equal(await tspodOk(['exec', first, 'sh', '-c', 'cat /m/f; stat -c %u /m']), 'shared\n7');
    assert.match(await tspodOk(['exec', first, 'mount']), /tmpfs on \/m type tmpfs .*size=1024k/);
    await tspodOk(['rm', '-f', '-t', '0', first]);
    assert.equal(await holders('memory'), '0');
    assert.equal(await inContainer(['-v', 'memory:/m'], 'ls /m'), '');
  });

  it('is made by --mount, and takes part in cp and by hand', async () => {
    const source = mkdtempSync(join(testRoot().base, 'device-'));
    const mount = `src=made,dst=/m,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=${source},volume-label=a=b`;
    const id = await tspodOk(['create', '--network', 'none', '--mount', mount, await busyboxImage(), 'true']);
    assert.equal(await tspodOk(['volume', 'inspect', '--format', '{{.Labels.a}}', 'made']), 'b');
    const file = join(testRoot().base, 'device-file');
    writeFileSync(file, 'copied');
    await tspodOk(['cp', file, `${id}:/m/in`]);
    assert.equal(readFileSync(join(source, 'in'), 'utf8'), 'copied');
    await tspodOk(['rm', id]);
    assert.equal(await holders('made'), '0');
    await tspodOk(['volume', 'mount', 'made']);
    assert.equal(await holders('made'), '1');
    await tspodOk(['volume', 'unmount', 'made']);
    assert.equal(await holders('made'), '0');
  });

  it('is not held by an export that was killed', async () => {
    await create('half', 'type=tmpfs');
    await tspodOk(['volume', 'mount', 'half']);
    const gone = 'process-1:1:00000000-0000-0000-0000-000000000000.x';
    writeFileSync(join(testRoot().runRoot, 'volume-mounts/half', gone), '');
    assert.equal(await holders('half'), '1');
    await tspodOk(['volume', 'export', '-o', join(testRoot().base, 'half.tar'), 'half']);
    await tspodOk(['volume', 'unmount', 'half']);
    assert.equal(existsSync(join(testRoot().runRoot, 'volume-mounts/half')), false);
  });

  it('has the owner that they name, whatever the image has there', async () => {
    await create('owned', 'o=uid=12,gid=13');
    assert.equal(
      await inContainer(['-v', 'owned:/etc'], 'stat -c %u:%g /etc; ls /etc/group'),
      '12:13\n/etc/group',
    );
    const shown = ['volume', 'inspect', '--format', '{{.UID}}:{{.GID}} {{.Options.o}}', 'owned'];
    assert.equal(await tspodOk(shown), '12:13 uid=12,gid=13');
    await tspodOk(['volume', 'create', '--uid', '7', 'flagged']);
    assert.equal(await inContainer(['-v', 'flagged:/f', '-u', '3'], 'stat -c %u /f'), '7');
    const listed = [
      'volume',
      'ls',
      '--filter',
      'name=^flagged$',
      '--format',
      '{{.UID}} {{.VolumeConfigResponse.Name}}',
    ];
    assert.equal(await tspodOk(listed), '7 flagged');
  });

  it('is told by name when it cannot be mounted, and its options when they mean nothing', async () => {
    await create('lost', 'type=none', 'o=bind', 'device=/not/there');
    const result = await runScript(['-v', 'lost:/x'], 'true');
    assert.equal(result.code, 125);
    assert.match(result.stderr, /cannot mount \/not\/there as volume lost/);
    assert.equal(await holders('lost'), '0');
    for (const [options, message] of [
      [['timeout=3'], /"timeout=3" is not supported/],
      [['o=size=much'], /invalid value for volume option size: invalid size: 'much'/],
      [['o=inodes=-1'], /"inodes=-1": not a number/],
      [['o=size=1m,noquota'], /noquota: it contradicts size/],
      [['type=tmpfs', 'size=1m'], /size=1m does not go with type= and device=\n.*o=size=100m/],
      [['type=ext4'], /add device=/],
      [['o=ro'], /add type= and device=/],
      [['type=tmpfs', 'o=uid=x'], /not a user or group id/],
    ] as const) {
      const refused = await tspod([
        'volume',
        'create',
        ...options.flatMap((option) => ['--opt', option]),
        'no',
      ]);
      assert.equal(refused.code, 125);
      assert.match(refused.stderr, message);
    }
  });
});

/** Where it works: test/vm/quotas.test.ts. */
const canLimit = /\bp(rj)?quota\b/.test(readFileSync('/proc/self/mounts', 'utf8'));

it('a limit of a volume is refused by cause where nothing would keep it', {
  skip: canLimit ? 'quotas work here' : false,
}, async () => {
  for (const options of [['o=size=10m,inodes=100'], ['size=10m'], ['o=inodes=5']]) {
    const words = options.flatMap((option) => ['--opt', option]);
    const { code, stderr } = await tspod(['volume', 'create', ...words, 'limited']);
    assert.equal(code, 125);
    assert.match(
      stderr,
      isRoot()
        ? /volume limited cannot be limited: .* is on \w+( at .*, which is mounted without project quotas \(prjquota\)|, which has no project quotas)\n./
        : /volume limited cannot be limited: project quotas are root's/,
    );
    assert.equal((await tspod(['volume', 'exists', 'limited'])).code, 1);
  }
  const mount = 'src=limited,dst=/m,volume-opt=o=size=10m';
  const { stderr } = await runScript(['--mount', mount], 'true');
  assert.match(stderr, /volume limited cannot be limited/);
  // No limit is one that everybody keeps.
  for (const option of ['noquota', 'size=0']) await create(`free-${option.slice(0, 4)}`, `o=${option}`);
});

describe('a volume with the files of an image', () => {
  it('is its own, with the owners that the image gives, and does not need the image any more', async () => {
    const name = 'localhost/filled:1';
    await tspodOk(['build', '-q', '-t', name, '-'], {
      input: `FROM ${await busyboxImage()}\nRUN echo image > /made && chown 7:8 /made && chmod 4711 /made\n`,
    });
    const make = ['volume', 'create', '--driver', 'image', '--opt', `image=${name}`];
    assert.equal(await tspodOk([...make, 'files']), 'files');
    assert.equal(
      await tspodOk(['volume', 'inspect', '--format', '{{.Driver}} {{json .Options}}', 'files']),
      `image {"image":"${name}"}`,
    );
    const look = 'cat /f/made; stat -c "%u:%g %a" /f/made; echo mine > /f/made';
    assert.equal(await inContainer(['-v', 'files:/f'], look), 'image\n7:8 4711');
    await tspodOk(['rmi', name]);
    assert.equal(await inContainer(['-v', 'files:/f:ro'], 'cat /f/made'), 'mine');
    assert.equal((await tspod([...make, 'files'])).code, 125);
    assert.equal(await tspodOk([...make, '--ignore', 'files']), 'files');
    await tspodOk(['volume', 'rm', 'files']);
    assert.match((await tspod([...make, 'files'])).stderr, /looking up image .* to create volume failed/);
    assert.equal((await tspod(['volume', 'exists', 'files'])).code, 1);
    assert.match((await tspod(['volume', 'create', '--driver', 'image'])).stderr, /must provide an image/);
  });
});

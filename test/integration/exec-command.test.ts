import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { freshName, startScript, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { waitFor } from '../fixtures/wait-for.ts';

describe('exec', () => {
  let name = '';
  before(async () => {
    name = await startSleeper(['-e', 'OF_CONTAINER=1', '-w', '/etc']);
  });

  it('runs beside the first process, in its environment and directory', async () => {
    assert.equal(await tspodOk(['exec', name, 'sh', '-c', 'echo $OF_CONTAINER; pwd']), '1\n/etc');
    assert.match(await tspodOk(['exec', name, 'ps']), /^\s*1 .*sh -c trap/m);
  });

  it('keeps stdout and stderr apart', async () => {
    const result = await tspod(['exec', name, 'sh', '-c', 'echo out; echo err >&2']);
    assert.deepEqual([result.stdout, result.stderr], ['out\n', 'err\n']);
  });

  it('has the exit code of its program', async () => {
    for (const code of [0, 1, 42, 255]) {
      assert.equal((await tspod(['exec', name, 'sh', '-c', `exit ${code}`])).code, code);
    }
    assert.equal((await tspod(['exec', name, 'sh', '-c', 'kill -TERM $$'])).code, 143);
    assert.equal((await tspod(['exec', name, 'sh', '-c', 'kill -KILL $$'])).code, 137);
  });

  it('says 127 and 126 for what cannot be run', async () => {
    const missing = await tspod(['exec', name, 'no-such-command']);
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /no-such-command/);
    const directory = await tspod(['exec', name, '/etc']);
    assert.equal(directory.code, 126);
    assert.match(directory.stderr, /\/etc/);
  });

  it('takes variables, from flags and files', async () => {
    const file = join(testRoot().base, 'exec-env');
    writeFileSync(file, '# c\nFILE=f\nBOTH=file\n');
    const printed = await tspodOk(
      ['exec', '-e', 'A=1', '-e', 'MINE', '-e', 'BOTH=flag', '--env-file', file, name, 'env'],
      { env: { MINE: 'yes' } },
    );
    for (const line of ['A=1', 'MINE=yes', 'BOTH=flag', 'FILE=f', 'OF_CONTAINER=1'])
      assert.ok(printed.split('\n').includes(line), `${line}:\n${printed}`);
    const missing = await tspod(['exec', '--env-file', '/not/there', name, 'env']);
    assert.equal(missing.code, 125);
    assert.match(missing.stderr, /\/not\/there/);
  });

  it('runs as another user, in another directory', async () => {
    assert.equal(
      await tspodOk(['exec', '-u', '1234:5678', '-w', '/tmp', name, 'sh', '-c', 'id -u; id -g; pwd']),
      '1234\n5678\n/tmp',
    );
    assert.equal(
      await tspodOk([
        'exec',
        '-u',
        '1234',
        name,
        'sh',
        '-c',
        'grep CapEff /proc/self/status | cut -f2; echo $HOME',
      ]),
      '0000000000000000\n/',
    );
    const unknown = await tspod(['exec', '-u', 'nosuch', name, 'id']);
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.stderr, /nosuch/);
    const nowhere = await tspod(['exec', '-w', '/no/such/directory', name, 'pwd']);
    assert.notEqual(nowhere.code, 0);
    assert.match(nowhere.stderr, /\/no\/such\/directory/);
  });

  it('has more rights with --privileged', async () => {
    const bits = async (...flags: string[]) =>
      BigInt(
        `0x${await tspodOk(['exec', ...flags, name, 'sh', '-c', 'grep CapEff /proc/self/status | cut -f2'])}`,
      );
    assert.ok((await bits('--privileged')) > (await bits()));
  });

  it('takes input and gives back what it got, byte for byte', async () => {
    const data = randomBytes(3 << 20);
    const result = await tspod(['exec', '-i', name, 'sha256sum'], { input: data });
    const { createHash } = await import('node:crypto');
    assert.equal(result.stdout.slice(0, 64), createHash('sha256').update(data).digest('hex'));
    assert.equal((await tspod(['exec', name, 'cat'], { input: 'ignored' })).stdout, '');
  });

  it('prints an id and returns with -d, and the program runs', async () => {
    const result = await tspod(['exec', '-d', name, 'sh', '-c', 'echo done > /tmp/detached']);
    assert.match(result.stdout, /^[0-9a-f]{64}\n$/);
    await waitFor(
      'the detached program',
      async () => (await tspod(['exec', name, 'cat', '/tmp/detached'])).stdout === 'done\n',
    );
  });

  it('ends when nobody reads its output any more', async () => {
    const { rootArguments, runProgram, testEnvironment, TSPOD } = await import('../fixtures/harness.ts');
    const line = [
      TSPOD,
      ...rootArguments(testRoot()),
      'exec',
      name,
      'sh',
      '-c',
      'while :; do echo flood; done',
    ]
      .map((word) => `'${word}'`)
      .join(' ');
    const result = await runProgram('bash', ['-c', `${line} | head -1; echo "\${PIPESTATUS[0]}"`], {
      env: testEnvironment(),
    });
    assert.equal(result.stdout, 'flood\n141\n');
    await waitFor('the program to end', async () => !(await tspodOk(['exec', name, 'ps'])).includes('flood'));
  });

  it('needs a container that runs', async () => {
    const created = freshName();
    await tspodOk(['create', '--name', created, '--network', 'none', await busyboxImage(), 'true']);
    const result = await tspod(['exec', created, 'true']);
    assert.equal(result.code, 125);
    assert.match(result.stderr, new RegExp(created));
    assert.match(result.stderr, /created|running/);
    const nobody = await tspod(['exec', 'nobody', 'true']);
    assert.equal(nobody.code, 125);
    assert.match(nobody.stderr, /no container with name or ID "?nobody/);
    assert.equal((await tspod(['exec', name])).code, 125);
    const relative = await tspod(['exec', '-w', 'etc', name, 'true']);
    assert.equal(relative.code, 125);
    assert.match(relative.stderr, /working directory "etc" is invalid, it needs to be an absolute path/);
  });

  it('waits so long for it to run with --wait', async () => {
    const late = freshName();
    const waiting = tspod(['exec', '--wait', '60', late, 'echo', 'ran']);
    const create = ['create', '--name', late, '--network', 'none', await busyboxImage(), 'sleep', '3600'];
    await tspodOk(create);
    const over = await tspod(['exec', '--wait', '1', late, 'true']);
    assert.match(over.stderr, /timed out waiting for container: .* it is created after 1 s/);
    await tspodOk(['start', late]);
    assert.equal((await waiting).stdout, 'ran\n');
    await tspodOk(['rm', '-f', '-t', '0', late]);
  });

  it('ends with its container', async () => {
    const other = await startSleeper();
    const session = spawnTspod(['exec', other, 'sh', '-c', 'echo ready; sleep 3600']);
    await session.expect('ready');
    await tspodOk(['rm', '-f', '-t', '0', other]);
    assert.equal((await session.exit).code, 137);
  });

  it('can be many at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, i) => tspod(['exec', name, 'sh', '-c', `echo ${i}; exit ${i}`])),
    );
    for (const [i, result] of results.entries())
      assert.deepEqual([result.stdout, result.code], [`${i}\n`, i]);
  });

  it('finds the container by --latest and --cidfile', async () => {
    const file = join(testRoot().base, 'exec-cid');
    const other = await startScript(['--cidfile', file, '-h', 'bycid'], 'sleep 3600');
    assert.equal(await tspodOk(['exec', '--cidfile', file, 'hostname']), 'bycid');
    assert.equal(await tspodOk(['exec', '--latest', 'hostname']), 'bycid');
    await tspodOk(['rm', '-f', '-t', '0', other]);
  });
});

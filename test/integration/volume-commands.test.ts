import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import {
  makeTestRoot,
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  tspod,
  tspodOk,
  TSPOD,
} from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { isRoot } from '../fixtures/requires.ts';

before(() => busyboxImage());

async function refusal(code: number, ...args: string[]): Promise<string> {
  const result = await tspod(['volume', ...args]);
  assert.equal(result.code, code, result.stderr);
  return result.stderr;
}

describe('volume create', () => {
  test('prints the name, and makes up an id where none is given', async () => {
    assert.equal(await tspodOk(['volume', 'create', 'one']), 'one');
    assert.match(await tspodOk(['volume', 'create']), /^[0-9a-f]{64}$/);
  });

  test('refuses a name that is taken, unless told to ignore that', async () => {
    await tspodOk(['volume', 'create', 'taken']);
    assert.match(await refusal(125, 'create', 'taken'), /volume with name taken already exists/);
    assert.equal(await tspodOk(['volume', 'create', '--ignore', 'taken']), 'taken');
  });

  test('refuses names, drivers and options that it cannot honour', async () => {
    assert.match(await refusal(125, 'create', '../x'), /invalid volume name/);
    assert.match(await refusal(125, 'create', '--driver', 'nfs', 'x'), /driver "nfs" is not supported/);
    assert.match(await refusal(125, 'create', '--opt', 'colour=red', 'x'), /invalid option "colour"/);
    assert.equal((await tspod(['volume', 'exists', 'x'])).code, 1);
  });

  test('makes it where --volumepath says, for containers too, and removes it from there', async () => {
    const path = join(testRoot().base, 'elsewhere');
    const there = ['--volumepath', path];
    const run = ['run', '--rm', '--network', 'none'];
    await tspodOk([...there, 'volume', 'create', 'far']);
    const write = ['sh', '-c', 'echo kept > /far/file; echo x > /near/file'];
    await tspodOk([...there, ...run, '-v', 'far:/far', '-v', '/near', BUSYBOX, ...write]);
    assert.deepEqual(readdirSync(path), ['far']);
    assert.equal(readFileSync(join(path, 'far/_data/file'), 'utf8'), 'kept\n');
    assert.equal(await tspodOk([...there, 'info', '--format', '{{.Store.VolumePath}}']), path);
    // Where it is, nobody has to say again.
    assert.equal(await tspodOk([...run, '-v', 'far:/far', BUSYBOX, 'cat', '/far/file']), 'kept');
    await tspodOk(['volume', 'rm', 'far']);
    assert.deepEqual(readdirSync(path), []);
  });

  test('gives the directory to the owner that is asked for', async () => {
    await tspodOk(['volume', 'create', '--uid', '12', '--gid', '34', 'owned']);
    const owner = await tspodOk([
      ...['run', '--rm', '--network', 'none', '-v', 'owned:/data', BUSYBOX],
      ...['stat', '-c', '%u:%g', '/data'],
    ]);
    assert.equal(owner, '12:34');
    if (isRoot()) {
      const path = await tspodOk(['volume', 'inspect', '--format', '{{.Mountpoint}}', 'owned']);
      assert.equal(statSync(path).uid, 12);
    }
  });
});

describe('volume ls', () => {
  test('lists by name, filtered, as a table, names, JSON or a template', async () => {
    const root = makeTestRoot();
    const volume = (...args: string[]): Promise<string> => tspodOk(['volume', ...args], { root });
    assert.equal(await volume('ls'), '');
    await volume('create', '--label', 'tier=db', 'beta');
    await volume('create', 'alpha');
    assert.equal(await volume('ls'), 'DRIVER      VOLUME NAME\nlocal       alpha\nlocal       beta');
    assert.equal(await volume('ls', '--noheading', '-f', 'name=^al'), 'local       alpha');
    assert.equal(await volume('ls', '-q', '--filter', 'label=tier=db'), 'beta');
    assert.equal(await volume('ls', '-q', '--filter', 'label!=tier'), 'alpha');
    assert.equal(await volume('ls', '-q', '--filter', 'dangling=false'), '');
    assert.equal(
      await volume('ls', '--format', '{{.Name}} {{.Labels}}', '-f', 'name=beta'),
      'beta map[tier:db]',
    );
    const documents = JSON.parse(await volume('ls', '--format', 'json')) as Record<string, unknown>[];
    assert.deepEqual(documents[1]?.['Labels'], { tier: 'db' });
    assert.deepEqual(
      Object.keys(documents[1] ?? {}),
      'Name Driver Mountpoint CreatedAt Labels Scope Options MountCount NeedsCopyUp LockNumber'.split(' '),
    );
    const wrong = await tspod(['volume', 'ls', '--filter', 'colour=red'], { root });
    assert.equal(wrong.code, 125);
    assert.match(wrong.stderr, /"colour" is an invalid volume filter/);
  });
});

describe('volume inspect', () => {
  test('prints documents, finds a volume by the beginning of its name, and says what is missing', async () => {
    await tspodOk(['volume', 'create', 'inspected-volume']);
    const [document] = JSON.parse(await tspodOk(['volume', 'inspect', 'inspected'])) as Record<
      string,
      unknown
    >[];
    assert.equal(document?.['Name'], 'inspected-volume');
    const { code, stdout, stderr } = await tspod(['volume', 'inspect', 'nobody']);
    assert.deepEqual([code, stdout], [125, '[]\n']);
    assert.match(stderr, /no volume with name "nobody" found: no such volume/);
  });
});

describe('volume rm', () => {
  test('removes row and data', async () => {
    await tspodOk(['volume', 'create', 'doomed']);
    const path = await tspodOk(['volume', 'inspect', '-f', '{{.Mountpoint}}', 'doomed']);
    assert.equal(await tspodOk(['volume', 'rm', 'doomed']), 'doomed');
    assert.equal(existsSync(dirname(path)), false);
  });

  test('exits with 1 for a volume that is not there, and goes on with the others', async () => {
    await tspodOk(['volume', 'create', 'there']);
    const { code, stdout, stderr } = await tspod(['volume', 'rm', 'nobody', 'there']);
    assert.deepEqual([code, stdout], [1, 'there\n']);
    assert.match(stderr, /no volume with name "nobody" found/);
    assert.equal(await tspodOk(['volume', 'rm', '--force', 'nobody']), '');
  });

  test('exits with 2 for one in use; --force takes its containers along', async () => {
    const id = await tspodOk([
      'run',
      '-d',
      '--network',
      'none',
      '-v',
      'used:/data',
      BUSYBOX,
      'sleep',
      '3600',
    ]);
    assert.match(await refusal(2, 'rm', 'used'), new RegExp(`used by the following container\\(s\\): ${id}`));
    await tspodOk(['volume', 'rm', '--force', '--time', '0', 'used']);
    assert.equal((await tspod(['container', 'exists', id])).code, 1);
    assert.equal((await tspod(['volume', 'exists', 'used'])).code, 1);
  });
});

describe('volume prune', () => {
  test('asks first, and removes only what nobody uses', async () => {
    const root = makeTestRoot();
    await busyboxImage(root);
    const volume = (args: string[], input?: string) =>
      tspod(['volume', ...args], { root, ...(input === undefined ? {} : { input }) });
    await tspodOk(['create', '--network', 'none', '-v', 'used:/data', BUSYBOX, 'true'], { root });
    await volume(['create', 'idle']);
    const no = await volume(['prune'], 'n\n');
    assert.equal(no.code, 0);
    assert.match(no.stdout, /^WARNING! This will remove all volumes.*\nidle\nAre you sure/);
    assert.equal((await volume(['prune'], '')).code, 125);
    assert.equal((await volume(['exists', 'idle'])).code, 0);
    assert.equal((await volume(['prune', '--force'])).stdout, 'idle\n');
    assert.equal((await volume(['ls', '-q'])).stdout, 'used\n');
    assert.equal((await volume(['prune'])).stdout.split('\n')[1], 'No dangling volumes found');
  });

  test('called as docker it takes only anonymous ones unless told --all', async () => {
    const root = makeTestRoot();
    const docker = join(testRoot().base, 'docker');
    symlinkSync(TSPOD, docker);
    const run = async (...args: string[]): Promise<string> => {
      const env = testEnvironment({ root });
      const result = await runProgram(docker, [...rootArguments(root), 'volume', ...args], { env });
      assert.equal(result.code, 0, result.stderr);
      return result.stdout;
    };
    await run('create', 'named');
    const anonymous = (await run('create')).trim();
    assert.match(
      await run('prune', '-f'),
      new RegExp(`^Deleted Volumes:\n${anonymous}\n\nTotal reclaimed space: `),
    );
    assert.match(await run('prune', '-f', '--all'), /^Deleted Volumes:\nnamed\n/);
  });
});

import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import BetterSqlite3 from 'better-sqlite3';
import { makeTestRoot, type TestRoot, runProgram, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { requires } from '../fixtures/requires.ts';

test('a graph root that was moved or copied has its own volumes, and leaves those of the other alone', async () => {
  const root = await usedRoot();
  const copy = { ...root, graphRoot: `${root.graphRoot}-copy`, runRoot: `${root.runRoot}-copy` };
  // The kernel's part of a user's overlay belongs to nobody that the user is.
  const files = ['--exclude=work', '-C', root.graphRoot, '-cf', '-', '.'];
  const script = 'mkdir "$0" && tar "$@" | tar -C "$0" -xf -';
  await runProgram('sh', ['-c', script, copy.graphRoot, ...files]);
  const words = ['run', '--rm', '--network', 'none', '-v', 'stock:/data', BUSYBOX, 'sh', '-c'];
  assert.equal(
    await tspodOk([...words, 'cat /data/file; echo other > /data/file'], { root: copy }),
    'precious',
  );
  await tspodOk(['rm', 'kept'], { root: copy });
  await tspodOk(['volume', 'rm', 'stock'], { root: copy });
  assert.equal(await readsVolume(root), 'precious');
});

/** Commands of every family; each must say what is wrong and end. */
const COMMANDS = [
  ['ps', '-a'],
  ['images'],
  ['info'],
  ['volume', 'ls'],
  ['inspect', 'kept'],
  ['run', '--rm', '--network', 'none', BUSYBOX, 'true'],
  ['rm', '--all'],
  ['system', 'df'],
  ['system', 'check'],
];

/** A root with an image, a container that has ended, and a volume with a file in it; the database in one file. */
async function usedRoot(): Promise<TestRoot> {
  const root = makeTestRoot();
  await busyboxImage(root);
  const script = ['sh', '-c', 'echo precious > /data/file'];
  await tspodOk(['run', '--name', 'kept', '--network', 'none', '-v', 'stock:/data', BUSYBOX, ...script], {
    root,
  });
  await tspodOk(['ps'], { root });
  const db = new BetterSqlite3(databaseOf(root));
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.pragma('journal_mode = DELETE');
  db.close();
  return root;
}

function databaseOf(root: TestRoot): string {
  return join(root.graphRoot, 'state.db');
}

async function everyCommandSays(root: TestRoot, pattern: RegExp): Promise<void> {
  for (const command of COMMANDS) {
    const { code, stderr } = await tspod(command, { root, timeout: 20_000 });
    assert.equal(code, 125, `${command.join(' ')}: ${stderr}`);
    assert.match(stderr, pattern, command.join(' '));
    assert.ok(stderr.split('\n').length <= 3, `${command.join(' ')} says more than one thing: ${stderr}`);
  }
}

async function readsVolume(root: TestRoot): Promise<string> {
  await busyboxImage(root);
  const mount = ['-v', 'stock:/data', BUSYBOX, 'cat', '/data/file'];
  return await tspodOk(['run', '--rm', '--network', 'none', ...mount], { root });
}

describe('a damaged state database', () => {
  let root: TestRoot;
  before(async () => {
    root = await usedRoot();
  });

  test('is told by every command, and none hangs', async () => {
    const path = databaseOf(root);
    const good = readFileSync(path);
    truncateSync(path, Math.floor(good.length / 2));
    await everyCommandSays(root, /state database .*state\.db is damaged: .*\n.*system check --repair/);
    writeFileSync(path, good);
    assert.match(await tspodOk(['ps', '-a'], { root }), /kept/);
  });

  test('with a broken header is mended without any loss', async () => {
    const path = databaseOf(root);
    const content = readFileSync(path);
    content.fill(0x78, 0, 40);
    writeFileSync(path, content);
    const repaired = await tspodOk(['system', 'check', '--repair'], { root });
    assert.match(repaired, /1 containers, 1 images, 1 layers and 1 volumes could be read/);
    assert.ok(existsSync(`${path}.damaged`));
    assert.equal(await tspodOk(['system', 'check'], { root }), '');
    assert.equal(await tspodOk(['ps', '-a', '--format', '{{.Names}} {{.ExitCode}}'], { root }), 'kept 0');
    assert.equal(await readsVolume(root), 'precious');
  });

  test('that was emptied loses its rows, but no volume and no file of a user', async () => {
    const path = databaseOf(root);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    truncateSync(path, 0);
    await everyCommandSays(root, /is damaged: it is empty/);
    const { code, stdout } = await tspod(['system', 'check', '--repair'], { root });
    // The container's own files are left to the user, and that is said.
    assert.equal(code, 125);
    assert.match(stdout, /volume stock was taken in by its directory/);
    assert.match(stdout, /Damaged file .*containers\/[0-9a-f]{64}: belongs to no container/);
    assert.equal(await readsVolume(root), 'precious');
    await tspodOk(['system', 'check', '--repair', '--force'], { root });
    assert.equal(await tspodOk(['system', 'check'], { root }), '');
    assert.equal(await readsVolume(root), 'precious');
  });
});

test('a database of a newer version is refused and left as it is', async () => {
  const root = await usedRoot();
  const path = databaseOf(root);
  const db = new BetterSqlite3(path);
  db.pragma('user_version = 99');
  db.close();
  const before = readFileSync(path);
  await everyCommandSays(root, /has schema version 99, this tspod knows up to \d+\n.*newer tspod/);
  const { code } = await tspod(['system', 'check', '--repair'], { root });
  assert.equal(code, 125);
  assert.deepEqual(readFileSync(path), before);
  const again = new BetterSqlite3(path);
  again.pragma('user_version = 1');
  again.close();
});

test('something else in the place of the database is named', async () => {
  const root = await usedRoot();
  const path = databaseOf(root);
  const good = `${path}.good`;
  copyFileSync(path, good);
  writeFileSync(path, 'this is a text file, and long enough to be looked at as a database\n'.repeat(100));
  await everyCommandSays(root, /is damaged: file is not a database/);
  copyFileSync(good, path);
  assert.ok(statSync(path).size > 0);
});

test('a read-only graph root is told by every command', { skip: requires('root') }, async () => {
  const root = await usedRoot();
  // In a mount namespace of its own: nothing of the machine is touched.
  for (const command of COMMANDS) {
    const script =
      'mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';
    const tspodCommand = ['--root', root.graphRoot, '--runroot', root.runRoot, ...command];
    const { code, stderr } = await runProgram(
      'unshare',
      [
        '-m',
        'sh',
        '-c',
        script,
        'sh',
        root.graphRoot,
        process.env['TSPOD_TEST_BINARY'] ?? 'bin/tspod',
        ...tspodCommand,
      ],
      { cwd: join(import.meta.dirname, '../..'), timeout: 20_000 },
    );
    assert.equal(code, 125, `${command.join(' ')}: ${stderr}`);
    assert.match(stderr, /cannot open state database .*state\.db: /, command.join(' '));
    assert.match(stderr, /--root, or make this one writable/);
  }
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import BetterSqlite3 from 'better-sqlite3';
import { makeTestRoot, type TestRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';

const NONE = ['--network', 'none'];

async function rootWithTwo(): Promise<TestRoot> {
  const root = makeTestRoot();
  await busyboxImage(root);
  await tspodOk(['create', '--name', 'hit', '-e', 'WORD=unharmed', ...NONE, BUSYBOX, 'true'], { root });
  await tspodOk(['create', '--name', 'other', ...NONE, BUSYBOX, 'true'], { root });
  return root;
}

/** In the file itself, as a disk does it: no page, index or checksum of SQLite's is the wiser. */
function flip(root: TestRoot, from: string, to: string): void {
  const path = join(root.graphRoot, 'state.db');
  const db = new BetterSqlite3(path);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const bytes = readFileSync(path);
  let at = bytes.indexOf(from);
  assert.ok(at >= 0);
  for (; at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at);
  writeFileSync(path, bytes);
}

test('a bit that has flipped in the configuration of an image is found by a check', async () => {
  const root = await rootWithTwo();
  flip(root, '"architecture":"', '"architectvre":"');
  const { code, stdout } = await tspod(['system', 'check', '--quick'], { root });
  assert.equal(code, 125);
  assert.match(stdout, /^Damaged image [0-9a-f]{64}: its configuration is not what it was: remove it/m);
});

/** What is in a row beside what names it, and what a user meets it by. */
const ROWS: readonly [sql: string, list: string[], named: string[] | undefined][] = [
  [`volumes SET labels = '{"x' WHERE name = 'hit'`, ['volume', 'ls', '-q'], ['volume', 'inspect', 'hit']],
  [`pods SET spec = '{"x' WHERE name = 'hit-pod'`, ['pod', 'ps', '-q'], ['pod', 'inspect', 'hit-pod']],
  [`secrets SET labels = '{"x'`, ['secret', 'ls', '-q'], ['secret', 'inspect', 'hit']],
  [`manifest_lists SET document = '{"x'`, ['images', '-q'], ['manifest', 'inspect', 'localhost/hit']],
  [`events SET attributes = '{"x'`, ['events', '--stream=false'], undefined],
  [`containers SET facts = '{"x' WHERE name = 'hit'`, ['ps', '-a'], ['inspect', 'hit']],
  [`containers SET checkpoint = '{"x' WHERE name = 'held'`, ['ps', '-a'], ['inspect', 'held']],
];

test('a row of any kind that cannot be read harms those only that name it, and can be repaired', async () => {
  const root = await rootWithTwo();
  const made = [
    ['volume', 'create', 'hit'],
    ['volume', 'create', 'other'],
    ['pod', 'create', '--infra=false', '--name', 'hit-pod'],
    ['secret', 'create', 'hit', '/etc/hostname'],
    ['manifest', 'create', 'localhost/hit'],
    ['create', '--name', 'held', ...NONE, BUSYBOX, 'true'],
  ];
  for (const command of made) await tspodOk(command, { root });
  const db = new BetterSqlite3(join(root.graphRoot, 'state.db'));
  for (const [sql] of ROWS) db.exec(`UPDATE ${sql}`);
  db.close();
  for (const [, list, named] of ROWS) {
    await tspodOk(list, { root });
    if (named === undefined) continue;
    const { code, stderr } = await tspod(named, { root });
    assert.equal(code, 125, named.join(' '));
    assert.match(stderr, /(hit|held|hit-pod).*: its .* in the state database cannot be read\n.*--repair/);
  }
  await tspodOk(['run', '--rm', ...NONE, '-v', 'other:/d', BUSYBOX, 'true'], { root });
  await tspod(['system', 'check', '--repair', '--force'], { root });
  assert.equal((await tspod(['system', 'check'], { root })).stderr, '');
  for (const [, list] of ROWS) assert.equal((await tspod(list, { root })).stderr, '', list.join(' '));
  await tspodOk(['start', 'hit', 'held'], { root });
  await tspodOk(['volume', 'rm', 'hit'], { root });
});

describe('a bit that has flipped in the definition of a container', () => {
  test('is told by the commands that name it, and by no others', async () => {
    const root = await rootWithTwo();
    flip(root, 'WORD=unharmed', 'WORD=unharmee');
    const db = new BetterSqlite3(join(root.graphRoot, 'state.db'));
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    db.close();
    for (const command of [
      ['start', 'hit'],
      ['inspect', 'hit'],
      ['logs', 'hit'],
      ['rename', 'hit', 'new'],
    ]) {
      const { code, stderr } = await tspod(command, { root });
      assert.equal(code, 125, command.join(' '));
      assert.match(
        stderr,
        /container hit: its definition .* is not as it was written\n.*system check --repair/,
      );
    }
    assert.equal(await tspodOk(['start', '-a', 'other'], { root }), '');
    assert.match(await tspodOk(['ps', '-a', '--format', '{{.Names}}'], { root }), /hit\nother/);
    const found = await tspod(['system', 'check'], { root });
    assert.match(found.stdout + found.stderr, /hit.*not as it was written/);
    await tspod(['system', 'check', '--repair'], { root });
    assert.match(await tspodOk(['inspect', '--format', '{{.Config.Env}}', 'hit'], { root }), /unharmee/);
    // What is written afterwards has a sum of its own.
    await tspodOk(['rename', 'hit', 'new'], { root });
    assert.equal(await tspodOk(['start', '-a', 'new'], { root }), '');
  });

  test('keeps nobody from ending and removing it', async () => {
    const root = await rootWithTwo();
    await tspodOk(['run', '-d', '--name', 'runs', '-e', 'SAID=unharmed', ...NONE, BUSYBOX, 'sleep', '1000'], {
      root,
    });
    flip(root, 'WORD=unharmed', 'WORD=unharmee');
    flip(root, 'SAID=unharmed', 'SAID=unharmee');
    assert.equal((await tspod(['exec', 'runs', 'true'], { root })).code, 125);
    await tspodOk(['stop', '-t', '0', 'runs'], { root });
    await tspodOk(['rm', 'runs'], { root });
    await tspodOk(['rm', 'hit'], { root });
    assert.equal(await tspodOk(['ps', '-a', '--format', '{{.Names}}'], { root }), 'other');
  });

  test('so that it cannot be read harms no list, and can be repaired by its removal', async () => {
    const root = await rootWithTwo();
    flip(root, '"WORD=unharmed"', '"WORD=unharmed ');
    const list = await tspod(['ps', '-a', '--format', '{{.Names}}'], { root });
    assert.deepEqual([list.code, list.stdout], [0, 'other\n'], list.stderr);
    assert.match(list.stderr, /container hit: its definition .* cannot be read/);
    const named = await tspod(['start', 'hit'], { root });
    assert.equal(named.code, 125);
    assert.match(named.stderr, /container hit: its definition in the state database .*\n.*--repair/);
    assert.equal(await tspodOk(['start', '-a', 'other'], { root }), '');
    await tspod(['system', 'check', '--repair', '--force'], { root });
    const clean = await tspod(['ps', '-a', '--format', '{{.Names}}'], { root });
    assert.deepEqual([clean.stdout, clean.stderr], ['other\n', '']);
    assert.equal((await tspod(['system', 'check'], { root })).code, 0);
  });
});

describe('a bit that has flipped in the row of a volume, a pod or a secret', () => {
  const VOLUMES = ['volume', 'ls', '-q'];
  async function rootWithRows(): Promise<TestRoot> {
    const root = await rootWithTwo();
    for (const command of [
      ['volume', 'create', '--label', 'mark=volume-a', 'hit'],
      ['volume', 'create', 'near'],
      ['pod', 'create', '--infra=false', '--label', 'mark=pod-a', '--name', 'hit-pod'],
      ['secret', 'create', '--label', 'mark=secret-a', 'hit', '/etc/hostname'],
      ['create', '--name', 'uses', '-v', 'hit:/d', '--secret', 'hit', ...NONE, BUSYBOX, 'true'],
      ['run', '--rm', ...NONE, '-v', 'hit:/d', '-v', 'near:/e', BUSYBOX, 'touch', '/d/mine', '/e/mine'],
    ])
      await tspodOk(command, { root });
    return root;
  }

  test('is told by the commands that name it, and by no others', async () => {
    const root = await rootWithRows();
    for (const kind of ['volume', 'pod', 'secret']) flip(root, `"mark":"${kind}-a"`, `"mark":"${kind}-c"`);
    for (const command of [
      ['volume', 'inspect', 'hit'],
      ['volume', 'export', 'hit'],
      ['start', 'uses'],
      ['run', '--rm', ...NONE, '-v', 'hit:/d', BUSYBOX, 'true'],
      ['pod', 'inspect', 'hit-pod'],
      ['pod', 'start', 'hit-pod'],
      ['create', '--pod', 'hit-pod', BUSYBOX, 'true'],
      ['secret', 'inspect', 'hit'],
      ['create', '--secret', 'hit', ...NONE, BUSYBOX, 'true'],
    ]) {
      const { code, stderr } = await tspod(command, { root });
      assert.equal(code, 125, command.join(' '));
      assert.match(
        stderr,
        /(volume hit|pod hit-pod|secret hit): its row .* is not as it was written\n?.*system check --repair/,
        command.join(' '),
      );
    }
    for (const [list, has] of [
      [VOLUMES, /^hit\nnear$/],
      [['pod', 'ps', '--format', '{{.Name}}'], /^hit-pod$/],
      [['secret', 'ls', '--format', '{{.Name}}'], /^hit$/],
      [['run', '--rm', ...NONE, '-v', 'near:/e', BUSYBOX, 'ls', '/e'], /^mine$/],
    ] as const)
      assert.match(await tspodOk([...list], { root }), has);
    const found = await tspod(['system', 'check'], { root });
    for (const name of ['volume hit', 'pod hit-pod', 'secret hit'])
      assert.match(found.stdout + found.stderr, new RegExp(`${name}.*not as it was written`));
    await tspod(['system', 'check', '--repair'], { root });
    assert.match(await tspodOk(['volume', 'inspect', 'hit'], { root }), /volume-c/);
    assert.match(await tspodOk(['pod', 'inspect', 'hit-pod'], { root }), /pod-c/);
    assert.match(await tspodOk(['secret', 'inspect', 'hit'], { root }), /secret-c/);
    await tspodOk(['start', '-a', 'uses'], { root });
    assert.equal((await tspod(['system', 'check'], { root })).code, 0);
  });

  test('keeps nobody from removing it, and removes nothing else', async () => {
    const root = await rootWithRows();
    // Where the files of another volume are.
    flip(root, '/volumes/hit/_data', '/volumes/hut/_data');
    mkdirSync(join(root.graphRoot, 'volumes/hut/_data'), { recursive: true });
    writeFileSync(join(root.graphRoot, 'volumes/hut/_data/other'), '');
    for (const kind of ['pod', 'secret']) flip(root, `"mark":"${kind}-a"`, `"mark":"${kind}-c"`);
    await tspodOk(['rm', 'uses'], { root });
    await tspodOk(['volume', 'prune', '-f'], { root });
    assert.equal(await tspodOk(VOLUMES, { root }), 'hit');
    await tspodOk(['volume', 'rm', 'hit'], { root });
    assert.equal(existsSync(join(root.graphRoot, 'volumes/hit')), false);
    assert.ok(existsSync(join(root.graphRoot, 'volumes/hut/_data/other')));
    await tspodOk(['secret', 'create', '--replace', 'hit', '/etc/hostname'], { root });
    await tspodOk(['secret', 'rm', 'hit'], { root });
    await tspodOk(['pod', 'rm', 'hit-pod'], { root });
    assert.equal(await tspodOk(['pod', 'ps', '-q'], { root }), '');
    rmSync(join(root.graphRoot, 'volumes/hut'), { recursive: true });
  });

  test('cannot be told of rows of an older tspod, which are as good as before', async () => {
    const root = await rootWithRows();
    const db = new BetterSqlite3(join(root.graphRoot, 'state.db'));
    for (const table of ['volumes', 'pods', 'secrets']) db.exec(`UPDATE ${table} SET row_sum = NULL`);
    db.close();
    await tspodOk(['volume', 'inspect', 'hit'], { root });
    await tspodOk(['pod', 'inspect', 'hit-pod'], { root });
    await tspodOk(['start', '-a', 'uses'], { root });
    assert.equal((await tspod(['system', 'check'], { root })).code, 0);
  });
});

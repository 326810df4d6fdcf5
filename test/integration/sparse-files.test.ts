import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTestRoot, type TestRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';

const SIZE = 64 << 20;
/** Of what a sparse file may need beside its 12 KiB. */
const MOST = 512 << 10;
const AT = 40_000_001;

function makeSparse(path: string): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, SIZE);
  writeSync(fd, 'in the middle', AT);
  writeSync(fd, 'at the end', SIZE - 10);
  closeSync(fd);
}

function isSparseStill(path: string, what: string): void {
  const { size, blocks } = statSync(path);
  assert.equal(size, SIZE, what);
  assert.ok(blocks * 512 <= MOST, `${what}: ${blocks * 512} bytes`);
  const content = readFileSync(path);
  assert.equal(content.toString('latin1', AT, AT + 13), 'in the middle', what);
  assert.equal(content.toString('latin1', SIZE - 10), 'at the end', what);
  content.fill(0, AT, AT + 13).fill(0, SIZE - 10);
  assert.ok(content.equals(Buffer.alloc(SIZE)), what);
}

/** What the files of the store need on the disk, in bytes. */
async function roomOf(root: TestRoot): Promise<number> {
  const words = ['unshare', 'du', '-sk', root.graphRoot];
  const out = process.getuid?.() === 0 ? await du(root.graphRoot) : await tspodOk(words, { root });
  return Number(out.split(/\s/)[0]) * 1024;
}

async function du(path: string): Promise<string> {
  const { runProgram } = await import('../fixtures/harness.ts');
  return (await runProgram('du', ['-sk', path])).stdout;
}

test('a file with holes keeps them, wherever it is copied to', async () => {
  const root = makeTestRoot();
  await busyboxImage(root);
  const here = join(root.base, 'sparse');
  mkdirSync(here);
  const path = (name: string): string => join(here, name);
  makeSparse(path('big'));
  isSparseStill(path('big'), 'the file system');
  const before = await roomOf(root);
  const step = async (what: string, ...commands: string[][]): Promise<void> => {
    for (const command of commands) await tspodOk(command, { root });
    const grown = (await roomOf(root)) - before;
    assert.ok(grown < 8 * MOST, `${what}: ${grown} bytes`);
  };
  await tspodOk(['create', '--network', 'none', '--name', 'one', BUSYBOX, 'true'], { root });
  await step('cp into a container', ['cp', path('big'), 'one:/data']);
  await step('cp out of it', ['cp', 'one:/data', path('back')]);
  isSparseStill(path('back'), 'cp out of a container');
  await step('commit', ['commit', '-q', 'one', 'localhost/sparse']);
  const fill = ['run', '--rm', '--network', 'none', '-v', 'filled:/data.d', 'localhost/in-directory', 'true'];
  await tspodOk(['build', '-q', '-t', 'localhost/in-directory', '-'], {
    root,
    input: 'FROM localhost/sparse\nRUN mkdir /data.d && mv /data /data.d/\n',
  });
  await step('a new volume', fill);
  await step('volume export', ['volume', 'export', '-o', path('volume.tar'), 'filled']);
  await step(
    'volume import',
    ['volume', 'create', 'taken'],
    ['volume', 'import', 'taken', path('volume.tar')],
  );
  const [filled, taken] = ['filled', 'taken'].map((name) =>
    join(root.graphRoot, 'volumes', name, '_data/data'),
  );
  isSparseStill(filled ?? '', 'a new volume');
  isSparseStill(taken ?? '', 'volume import');
  await step(
    'export and import',
    ['export', '-o', path('all.tar'), 'one'],
    ['import', '-q', path('all.tar'), 'localhost/all'],
  );
  await step(
    'save and load',
    ['save', '-q', '-o', path('saved.tar'), 'localhost/sparse'],
    ['rmi', '-f', 'localhost/sparse'],
    ['load', '-q', '-i', path('saved.tar')],
  );
  const check = await tspod(['system', 'check'], { root });
  assert.equal(check.code, 0, check.stdout + check.stderr);
});

import assert from 'node:assert/strict';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { StorageError } from '../../../src/base/errors.ts';
import { syscalls } from '../../../src/native/linux.ts';
import { type Change, copyChanges, unionChanges } from '../../../src/storage/changes.ts';
import { copyTree } from '../../../src/storage/copy-tree.ts';
import { layerParts } from '../../../src/storage/diff-layer.ts';
import { contentSize } from '../../../src/storage/usage.ts';

const MANY = 4000;

describe('changes of a full copy', () => {
  const base = mkdtempSync(join(tmpdir(), 'tspod-changes-'));
  after(() => rmSync(base, { recursive: true }));

  const changes = (copy: string, original?: string): Promise<Change[]> =>
    copyChanges(syscalls(), { copy, original, idMaps: undefined });

  test('tells of directories above what differs, parents first, and of nothing else', async () => {
    const [original, copy] = [join(base, 'original'), join(base, 'copy')];
    for (const path of ['a/b', 'a/same', 'z']) mkdirSync(join(original, path), { recursive: true });
    for (const path of ['a/b/gone', 'a/b/kept', 'a/same/x', 'z/x'])
      writeFileSync(join(original, path), 'words');
    cpSync(original, copy, { recursive: true, preserveTimestamps: true });
    for (const path of ['a/b/kept', 'a/same/x', 'z/x'])
      for (const place of [original, copy]) utimesSync(join(place, path), 1_600_000_000, 1_600_000_000);
    rmSync(join(copy, 'a/b/gone'));
    writeFileSync(join(copy, 'a/b/new'), 'more');
    writeFileSync(join(copy, 'z/x'), 'other');
    const told = (await changes(copy, original)).map(({ kind, path }) => `${kind} ${path}`);
    assert.deepEqual(told, [
      'changed ',
      'changed a',
      'changed a/b',
      'deleted a/b/gone',
      'added a/b/new',
      'changed z',
      'changed z/x',
    ]);
    assert.deepEqual(await changes(original, original), []);
  });

  test('lets other work have its turns while it looks', async () => {
    const many = join(base, 'many');
    mkdirSync(many);
    for (let i = 0; i < MANY; i++) writeFileSync(join(many, String(i)), '');
    let turns = 0;
    let isDone = false;
    const others = (): void => {
      turns++;
      if (!isDone) setImmediate(others);
    };
    setImmediate(others);
    assert.deepEqual(await changes(many, many), []);
    isDone = true;
    assert.ok(turns > 1, `${turns} turns`);
  });
});

describe('files that a container exchanges for links while they are read', () => {
  const base = mkdtempSync(join(tmpdir(), 'tspod-exchanged-'));
  const live = join(base, 'live');
  const outside = join(base, 'outside');
  const pairs: [string, string][] = [];
  mkdirSync(outside);
  mkdirSync(live);
  writeFileSync(join(outside, 'file'), 'OUTSIDE'.repeat(1000));
  for (let i = 0; i < 50; i++) {
    const pair: [string, string] = [join(live, `d${i}`), join(live, `l${i}`)];
    mkdirSync(pair[0]);
    writeFileSync(join(pair[0], 'file'), 'inside');
    symlinkSync(outside, pair[1]);
    pairs.push(pair);
  }
  const worker = new Worker(new URL('../../fixtures/exchange-worker.ts', import.meta.url), {
    workerData: { pairs },
  });
  after(async () => {
    await worker.terminate();
    rmSync(base, { recursive: true });
  });

  /** It may fail: then by name. */
  const attempt = async (work: () => unknown): Promise<void> => {
    try {
      await work();
    } catch (error) {
      assert.ok(error instanceof StorageError, String(error));
    }
  };
  const ROUNDS = 30;

  test('a copy has nothing from elsewhere', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const copy = join(base, `copy${round}`);
      mkdirSync(copy);
      await attempt(() => copyTree(syscalls(), live, copy, { hardLinks: false }));
      for (const name of readdirSync(copy)) {
        const directory = join(copy, name);
        if (!lstatSync(directory).isDirectory()) continue;
        for (const file of readdirSync(directory))
          assert.equal(readFileSync(join(directory, file), 'utf8'), 'inside');
      }
    }
  });

  test('a layer has nothing from elsewhere, and no size counts it', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const found: Buffer[] = [];
      const plans = [
        () => unionChanges(syscalls(), { diff: live, base: live, lowerDirs: [] }),
        () => copyChanges(syscalls(), { copy: live, original: undefined, idMaps: undefined }),
      ];
      for (const changes of plans)
        await attempt(async () => {
          for (const { bytes } of layerParts(syscalls(), await changes())) found.push(Buffer.from(bytes));
        });
      assert.equal(Buffer.concat(found).includes('OUTSIDE'), false);
      const most = pairs.length * 2 * Math.max(outside.length, 'inside'.length);
      assert.ok((await contentSize(syscalls(), live)) <= most);
    }
  });
});

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { syscalls } from '../../../src/native/linux.ts';
import { type Change, copyChanges } from '../../../src/storage/changes.ts';

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

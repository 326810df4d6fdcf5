import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanEntryPath, pathBytes } from '../../../src/storage/unpack/entry-path.ts';

const CASES: [string, string][] = [
  ['a/b.txt', 'a/b.txt'],
  ['./a/./b/', 'a/b'],
  ['/etc/passwd', 'etc/passwd'],
  ['//a///b', 'a/b'],
  ['a/../b', 'b'],
  ['./', ''],
  ['/', ''],
  ['', ''],
  ['a/..', ''],
  ['.hidden/..x', '.hidden/..x'],
];

for (const [name, expected] of CASES) {
  test(`the entry ${JSON.stringify(name)} is ${JSON.stringify(expected)} in the layer`, () => {
    assert.equal(cleanEntryPath(name), expected);
  });
}

for (const name of ['..', '../x', 'a/../../x', '/..', './../x', 'a/b/../../../etc/passwd']) {
  test(`the entry ${name} leads out of the layer and is refused`, () => {
    assert.throws(() => cleanEntryPath(name), { name: 'IntegrityError', message: /leads out/ });
  });
}

test('names that no file system takes are refused', () => {
  assert.throws(() => cleanEntryPath('a\0b'), /NUL/);
  assert.throws(() => cleanEntryPath('x'.repeat(256)), /longer than 255/);
  assert.throws(() => cleanEntryPath('d/'.repeat(2049)), /longer than 4095/);
  assert.equal(cleanEntryPath('d/'.repeat(2048)).length, 4095);
});

test('names beyond ASCII reach the kernel as the bytes of the archive', () => {
  assert.equal(pathBytes('plain'), 'plain');
  assert.deepEqual(pathBytes('\xff\xe4'), Buffer.from([0xff, 0xe4]));
});

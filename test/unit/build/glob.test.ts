import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIgnoreFile } from '../../../src/build/ignore-file.ts';
import { literalPattern, matchesPart } from '../../../src/build/wildcard.ts';

test('a pattern with many wildcards takes no exponential time', { timeout: 20_000 }, () => {
  const name = 'a'.repeat(250);
  assert.equal(matchesPart(`${'*a'.repeat(40)}*b`, name), false);
  assert.equal(matchesPart(`${'*a'.repeat(40)}*`, name), true);
  const path = Array.from({ length: 60 }, () => 'a').join('/');
  assert.equal(parseIgnoreFile(`${'**/a/'.repeat(25)}b`, 'x').ignores(path), false);
  assert.equal(parseIgnoreFile(`${'**/a/'.repeat(25)}a`, 'x').ignores(path), true);
});

test('directories of ** are whole ones, and a set never takes a slash', () => {
  const matcher = parseIgnoreFile('a/**/z\nx[!-0]y', 'x');
  assert.deepEqual(
    ['a/z', 'a/b/z', 'a/bz', 'az', 'x/y', 'x-y'].filter((path) => matcher.ignores(path)),
    ['a/z', 'a/b/z', 'x-y'],
  );
});

test('the pattern for a name matches that name only', () => {
  for (const name of ['a*b', 'a?', '[a]', 'back\\slash*', '\\*'])
    assert.ok(matchesPart(literalPattern(name), name), name);
  assert.ok(!matchesPart(literalPattern('a*b'), 'axb'));
  // Parts without wildcards are taken as they are.
  assert.equal(literalPattern('a\\b/c*'), 'a\\b/c\\*');
});

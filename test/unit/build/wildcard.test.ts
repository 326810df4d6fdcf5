import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWildcard, matchesPart } from '../../../src/build/wildcard.ts';

test('wildcards match within one name, sets may be turned around, a backslash takes the meaning away', () => {
  const yes = [
    ['*', ''],
    ['*.txt', 'a.txt'],
    ['a?c', 'abc'],
    ['[a-c]x', 'bx'],
    ['[^a-c]x', 'dx'],
    ['[!a]', 'b'],
    ['a\\*', 'a*'],
    ['a.c', 'a.c'],
    ['[.]', '.'],
  ];
  for (const [pattern = '', name = ''] of yes) assert.ok(matchesPart(pattern, name), `${pattern} ${name}`);
  const no = [
    ['*', 'a/b'],
    ['a.c', 'abc'],
    ['[^a]', 'a'],
    ['a\\*', 'ab'],
    ['(a)', 'a'],
  ];
  for (const [pattern = '', name = ''] of no) assert.ok(!matchesPart(pattern, name), `${pattern} ${name}`);
  assert.ok(hasWildcard('a*') && !hasWildcard('plain-name.txt'));
  assert.throws(() => matchesPart('[a', 'a'), /syntax error in pattern/);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseIgnoreFile } from '../../../src/build/ignore-file.ts';

function ignored(patterns: string, ...paths: string[]): string[] {
  const matcher = parseIgnoreFile(patterns, '.dockerignore');
  return paths.filter((path) => matcher.ignores(path));
}

describe('an ignore file', () => {
  const cases: [string, string, string[], string[]][] = [
    ['matches a name at the top only', 'foo', ['foo', 'foo/bar'], ['a/foo', 'foobar']],
    ['matches below with **', '**/foo', ['foo', 'a/foo', 'a/b/foo', 'a/foo/b'], ['afoo', 'foox']],
    ['lets * stop at a slash', '*.log', ['x.log', '.log'], ['a/x.log']],
    ['takes ** across slashes', 'a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['z', 'b/a/z']],
    ['takes a trailing ** for all below', 'a/**', ['a/b', 'a/b/c'], ['b/a']],
    ['takes ? for one character', 'a?c', ['abc'], ['ac', 'a/c', 'abbc']],
    ['knows classes', 'x[0-9a]y', ['x1y', 'xay'], ['xby', 'xy']],
    ['knows negated classes', 'x[^0-9]y', ['xay'], ['x1y', 'x/y']],
    ['ignores leading and trailing slashes', '/foo/', ['foo', 'foo/a'], ['a/foo']],
    ['cleans paths', './a/../b', ['b'], ['a']],
    ['trims spaces around a pattern', '  foo  ', ['foo'], []],
    ['skips comments and empty lines', '# foo\n\n   \nbar', ['bar'], ['foo', '# foo']],
    ['takes back with !', '*\n!keep', ['a', 'b/c'], ['keep', 'keep/x']],
    ['lets the last match decide', 'a\n!a/b\na/b/c', ['a', 'a/x', 'a/b/c'], ['a/b', 'a/b/d']],
    ['treats dots and pluses literally', 'a.b+c', ['a.b+c'], ['axb+c', 'a.bbc']],
    ['takes a backslash as escape', 'a\\*b', ['a*b'], ['axb']],
    ['ends lines as Windows does too', 'foo\r\nbar\r\n', ['foo', 'bar'], ['baz']],
    ['ignores all with *', '*', ['a', '.hidden', 'a/b'], []],
    ['matches nested extensions', '**/*.o', ['x.o', 'a/x.o', 'a/b/x.o'], ['x.oo']],
  ];
  for (const [title, patterns, hits, misses] of cases)
    test(title, () => {
      assert.deepEqual(ignored(patterns, ...hits, ...misses), hits);
    });

  test('never ignores the context itself', () => {
    assert.deepEqual(ignored('.\n*\n/', '', '.'), []);
  });

  test('says whether an ignored directory has to be looked through', () => {
    assert.equal(parseIgnoreFile('a\n!a/b', 'x').hasExceptions, true);
    assert.equal(parseIgnoreFile('a', 'x').hasExceptions, false);
  });

  test('names the file of a pattern that is none', () => {
    assert.throws(() => parseIgnoreFile('a[b', '.dockerignore'), /\.dockerignore: illegal pattern "a\[b"/);
    assert.throws(() => parseIgnoreFile('!', '.dockerignore'), /"!" names nothing/);
  });
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a Containerfile are written like this

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expandWord, expandWords, splitQuoted } from '../../../src/build/expand-word.ts';

const VALUES: Readonly<Record<string, string>> = {
  NAME: 'value',
  EMPTY: '',
  PATH: '/usr/local/lib/x.tar.gz',
  SPACED: 'a b',
  STAR: 'a*b*c',
};
const options = { lookup: (name: string) => VALUES[name], escape: '\\' as const };

describe('expanding a word', () => {
  const cases: [string, string][] = [
    ['$NAME', 'value'],
    ['${NAME}s', 'values'],
    ['$NAMEs', ''],
    ['$', '$'],
    ['a$', 'a$'],
    ['$/x', '$/x'],
    ['\\$NAME', '$NAME'],
    ["'$NAME'", '$NAME'],
    ['"$NAME"', 'value'],
    ['"\\$NAME \\x \\""', '$NAME \\x "'],
    ['a\\ b', 'a b'],
    ['${NOPE:-def}', 'def'],
    ['${EMPTY:-def}', 'def'],
    ['${EMPTY-def}', ''],
    ['${NOPE-$NAME}', 'value'],
    ['${NOPE:-${EMPTY:-deep}}', 'deep'],
    ['${NAME:+yes}', 'yes'],
    ['${EMPTY:+yes}', ''],
    ['${EMPTY+yes}', 'yes'],
    ['${NAME:?gone}', 'value'],
    ['${PATH#*/}', 'usr/local/lib/x.tar.gz'],
    ['${PATH##*/}', 'x.tar.gz'],
    ['${PATH%.*}', '/usr/local/lib/x.tar'],
    ['${PATH%%.*}', '/usr/local/lib/x'],
    ['${PATH%/?.tar.gz}', '/usr/local/lib'],
    ['${NAME/a/b}', 'vblue'],
    ['${PATH//l/L}', '/usr/LocaL/Lib/x.tar.gz'],
    ['${PATH/\\/usr/}', '/local/lib/x.tar.gz'],
    ['${STAR/\\*/-}', 'a-b*c'],
    ['${STAR//\\*/-}', 'a-b-c'],
    ['${NAME/zzz/b}', 'value'],
  ];
  for (const [text, expected] of cases)
    test(`makes ${JSON.stringify(expected)} of ${text}`, () => {
      assert.equal(expandWord(text, options), expected);
    });

  const errors: [string, RegExp][] = [
    ['${NAME', /"}" is missing after/],
    ['${', /"}" is missing/],
    ['${}', /bad substitution/],
    ['${NAME:=x}', /unsupported modifier ":="/],
    ['${NAME^}', /unsupported modifier/],
    ['${NOPE:?must be set}', /NOPE: must be set/],
    ['${EMPTY:?}', /EMPTY: is not allowed to be empty/],
    ['"open', /double quote is not closed/],
    ["'open", /single quote is not closed/],
  ];
  for (const [text, expected] of errors)
    test(`refuses ${text}`, () => {
      assert.throws(() => expandWord(text, options), expected);
    });

  test('leaves quotes alone in the body of a heredoc, but not escapes', () => {
    assert.equal(expandWord(`it's "$NAME" \\$NAME`, { ...options, keepQuotes: true }), `it's "value" $NAME`);
  });

  test('takes a backtick as escape character when the file says so', () => {
    assert.equal(expandWord('C:\\dir`$x', { ...options, escape: '`' }), 'C:\\dir$x');
  });

  test('takes no longer for a hostile pattern than for a harmless one', () => {
    const hostile = { ...options, lookup: () => 'a'.repeat(200) };
    assert.equal(expandWord('${X%%*a*a*a*a*a*a*a*a*b}', hostile), 'a'.repeat(200));
  });
});

describe('splitting into words', () => {
  test('splits what an unquoted variable brings in, and keeps what a quoted one does', () => {
    assert.deepEqual(expandWords('$SPACED "$SPACED" x\\ y', options), ['a', 'b', 'a b', 'x y']);
  });

  test('keeps quotes on when nothing is expanded', () => {
    assert.deepEqual(splitQuoted('a="b c" d=\'e f\' g\\ h'), ['a="b c"', "d='e f'", 'g\\ h']);
  });
});

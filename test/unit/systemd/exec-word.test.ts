import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { execLine, execWord } from '../../../src/systemd/exec-word.ts';
import { splitWords } from '../../../src/systemd/split-words.ts';

describe('words of Exec lines', () => {
  const hostile = [
    'a b',
    '',
    ';',
    'x"y',
    "it's",
    'a\\b',
    'line\nRestart=no',
    'tab\t',
    '\u0001',
    'é ü',
    '$HOME',
    '%h',
  ];

  it('come back as they were when systemd reads them', () => {
    const line = execLine(hostile, { literal: false });
    assert.deepEqual(splitWords(line), hostile);
    assert.doesNotMatch(line, /\n/);
  });

  it('keep systemd from expanding specifiers and variables', () => {
    assert.equal(execWord('%h $HOME', { literal: true }), '"%%h $$HOME"');
    assert.equal(execWord('%h', { literal: false }), '%h');
  });
});

describe('splitting', () => {
  it('knows quotes in the middle of words and C escapes', () => {
    assert.deepEqual(splitWords(String.raw`a"b c"d 'e f' \x41\u00e9\101 \s \q`), [
      'ab cd',
      'e f',
      'AéA',
      ' ',
      'q',
    ]);
    assert.throws(() => splitWords('"open'), /not closed/);
  });
});

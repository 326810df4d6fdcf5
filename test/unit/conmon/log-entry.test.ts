import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyEntry, parseLogLine } from '../../../src/conmon/log-entry.ts';

function parse(line: string | Buffer) {
  const bytes = Buffer.from(line);
  const entry = emptyEntry();
  if (!parseLogLine(bytes, 0, bytes.length, entry)) return undefined;
  return {
    stream: entry.stream,
    complete: entry.complete,
    time: entry.bytes.toString('latin1', entry.timeStart, entry.timeEnd),
    text: entry.bytes.toString('utf8', entry.textStart, entry.textEnd),
  };
}

test('a k8s-file line has time, stream, tag and text', () => {
  const time = '2026-01-02T03:04:05.000000006+01:00';
  assert.deepEqual(parse(`${time} stderr F hello  world `), {
    stream: 2,
    complete: true,
    time,
    text: 'hello  world ',
  });
});

test('a partial k8s-file entry is told as incomplete', () => {
  assert.equal(parse('2026-01-02T03:04:05.000000006+01:00 stdout P half')?.complete, false);
});

test('times of other lengths and an empty text are understood', () => {
  assert.deepEqual(parse('2026-01-02T03:04:05Z stdout F '), {
    stream: 1,
    complete: true,
    time: '2026-01-02T03:04:05Z',
    text: '',
  });
  assert.equal(parse('2026-01-02T03:04:05Z stdout F')?.text, '');
});

test('a json-file line loses its newline and is partial without one', () => {
  const line = (log: string) => JSON.stringify({ log, stream: 'stdout', time: '2026-01-02T03:04:05.5Z' });
  assert.deepEqual(parse(line('one\n')), {
    stream: 1,
    complete: true,
    time: '2026-01-02T03:04:05.5Z',
    text: 'one',
  });
  assert.equal(parse(line('half'))?.complete, false);
  assert.equal(parse(line('naïve \u0000\u001b[1m\n'))?.text, 'naïve \u0000\u001b[1m');
});

test('what is no log line is refused', () => {
  for (const line of ['', 'x', 'no log line at all', '{"log":1}', '{"log":"torn', '\0\0\0\0\0\0\0']) {
    assert.equal(parse(line), undefined, line);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyEntry, fillEntry } from '../../../src/conmon/log-entry.ts';
import { parseLogTime, timeOf, timeText } from '../../../src/conmon/log-time.ts';

function entryAt(time: string) {
  const entry = emptyEntry();
  fillEntry(entry, { stream: 1, time, text: Buffer.from('x\n') });
  return entry;
}

test('times are printed with nine digits in the zone of the log', () => {
  assert.equal(timeText(entryAt('2026-01-02T03:04:05.1Z')), '2026-01-02T03:04:05.100000000Z');
  assert.equal(timeText(entryAt('2026-01-02T03:04:05Z')), '2026-01-02T03:04:05.000000000Z');
  assert.equal(timeText(entryAt('2026-01-02T03:04:05.000000006+00:00')), '2026-01-02T03:04:05.000000006Z');
  assert.equal(
    timeText(entryAt('2026-01-02T03:04:05.000000006+01:30')),
    '2026-01-02T03:04:05.000000006+01:30',
  );
});

test('a printed time given as --since is exactly the time of its line', () => {
  for (const time of ['2026-01-02T03:04:05.123456789+01:00', '2026-01-02T03:04:05.000000006+00:00']) {
    const entry = entryAt(time);
    assert.equal(parseLogTime(timeText(entry), '--since'), timeOf(entry));
  }
});

test('times a microsecond apart differ', () => {
  const [left, right] = [
    entryAt('2026-01-02T03:04:05.000001+00:00'),
    entryAt('2026-01-02T03:04:05.000002+00:00'),
  ];
  assert.ok(timeOf(left) < timeOf(right));
});

test('unix times keep their fraction, durations count back from now', () => {
  assert.equal(parseLogTime('1700000000.000500', '--since'), 1_700_000_000_000.5);
  const before = Date.now() - 600_000;
  const time = parseLogTime('10m', '--since');
  assert.ok(time >= before && time <= Date.now() - 600_000);
});

test('nonsense is refused, and the flag named', () => {
  assert.throws(() => parseLogTime('yesterday-ish', '--until'), /--until/);
});

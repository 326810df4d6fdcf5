import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goTimeText } from '../../../../src/cli/output/go-time.ts';
import { humanAge, humanDuration } from '../../../../src/base/human-duration.ts';
import { humanBinarySize, humanSize, humanSizeSpaced } from '../../../../src/cli/output/human-size.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

test('durations are in the words of the peers', () => {
  const cases: [number, string][] = [
    [0, 'Less than a second'],
    [SECOND, '1 second'],
    [59 * SECOND, '59 seconds'],
    [60 * SECOND, 'About a minute'],
    [2 * 60 * SECOND, '2 minutes'],
    [59 * 60 * SECOND, '59 minutes'],
    [HOUR, 'About an hour'],
    [1.4 * HOUR, 'About an hour'],
    [1.6 * HOUR, '2 hours'],
    [47 * HOUR, '47 hours'],
    [2 * DAY, '2 days'],
    [13 * DAY, '13 days'],
    [14 * DAY, '2 weeks'],
    [59 * DAY, '8 weeks'],
    [60 * DAY, '2 months'],
    [729 * DAY, '24 months'],
    [730 * DAY, '2 years'],
  ];
  for (const [duration, words] of cases) assert.equal(humanDuration(duration), words, String(duration));
});

test('an age is counted from now', () => {
  assert.equal(humanAge('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:03:10Z')), '3 minutes ago');
});

test('sizes have so many significant digits and never read 1000 of a unit', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1987655, '1.99 MB'],
    [4260000, '4.26 MB'],
    [999_999, '1 MB'],
    [123_456_789, '123 MB'],
  ];
  for (const [bytes, text] of cases) assert.equal(humanSizeSpaced(bytes), text);
  assert.equal(humanSize(1987655), '1.988MB');
  assert.equal(humanBinarySize(1536 * 1024), '1.5MiB');
});

test('times print as Go prints them', () => {
  const time = '2026-11-20T19:27:51.985881500Z';
  assert.equal(goTimeText(time), '2026-11-20 19:27:51 +0000 UTC');
  assert.equal(goTimeText(time, { fraction: true }), '2026-11-20 19:27:51.9858815 +0000 UTC');
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatUtc, monotonicMs, timestamp } from '../../../src/base/clock.ts';

const DAY = 86_400_000;

describe('formatUtc', () => {
  it('agrees with Date for every day of 800 years, at any time of day', () => {
    let time = Date.UTC(1600, 0, 1);
    for (let day = 0; day < 800 * 366; day++) {
      time += DAY - 1_234_567;
      assert.equal(`${formatUtc(time)}Z`, new Date(time).toISOString());
    }
  });

  it('agrees with Date at both ends of a day, a leap day and a century', () => {
    for (const date of ['1970-01-01', '2000-02-29', '2000-03-01', '2100-02-28', '2100-03-01', '9999-12-31']) {
      for (const time of ['00:00:00.000', '23:59:59.999'])
        assert.equal(formatUtc(Date.parse(`${date}T${time}Z`)), `${date}T${time}`);
    }
  });
});

describe('timestamp', () => {
  it('has nine digits of a second and never goes back', () => {
    let before = timestamp();
    assert.match(before, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    for (let count = 0; count < 10_000; count++) {
      const now = timestamp();
      assert.ok(now >= before, `${now} after ${before}`);
      before = now;
    }
  });

  it('is the time of the wall clock', () => {
    const before = Date.now();
    const at = Date.parse(timestamp());
    assert.ok(at >= before && at <= Date.now());
  });
});

describe('monotonicMs', () => {
  it('does not go back', () => {
    const before = monotonicMs();
    assert.ok(monotonicMs() >= before);
  });
});

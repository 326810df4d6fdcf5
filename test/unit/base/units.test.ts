import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration } from '../../../src/base/durations.ts';
import { parseSignal, signalName } from '../../../src/base/signals.ts';
import { parseSize } from '../../../src/base/sizes.ts';

describe('a signal', () => {
  const good: [string, number][] = [
    ['TERM', 15],
    ['sigkill', 9],
    ['SIGUSR1', 10],
    ['15', 15],
    ['RTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['SIGRTMAX-1', 63],
    ['64', 64],
  ];
  for (const [text, number] of good)
    it(`is ${number} for ${text}`, () => assert.equal(parseSignal(text), number));
  for (const text of ['', '0', '65', '-9', 'FOO', 'RTMIN+31', 'RTMAX+1', '9.5'])
    it(`is not ${JSON.stringify(text)}`, () => assert.throws(() => parseSignal(text), /invalid signal/));
  it('has a name that reads back as itself', () => {
    for (let number = 1; number <= 64; number++) assert.equal(parseSignal(signalName(number)), number);
    assert.deepEqual([signalName(6), signalName(29)], ['SIGABRT', 'SIGIO']);
  });
});

describe('a duration', () => {
  const good: [string, number][] = [
    ['30s', 30e9],
    ['1h2m3.5s', 3723.5e9],
    ['300ms', 3e8],
    ['0', 0],
    ['-5s', -5e9],
    ['.5s', 5e8],
  ];
  for (const [text, value] of good)
    it(`${text} is ${value} ns`, () => assert.equal(parseDuration(text, '--x'), value));
  for (const text of ['', '5', 's', '1d', '5s x', '99999999999h'])
    it(`is not ${JSON.stringify(text)}`, () =>
      assert.throws(() => parseDuration(text, '--x'), /invalid --x/));
});

describe('a size', () => {
  const good: [string, number][] = [
    ['512', 512],
    ['512b', 512],
    ['64m', 67108864],
    ['1.5G', 1610612736],
    ['10MiB', 10485760],
    ['2 kB', 2048],
    ['0', 0],
  ];
  for (const [text, value] of good)
    it(`${text} is ${value} bytes`, () => assert.equal(parseSize(text, '--x'), value));
  for (const text of ['', '-1', 'm', '1x', '1mm', '1e3', '9999999999g', '0x10'])
    it(`is not ${JSON.stringify(text)}`, () =>
      assert.throws(() => parseSize(text, '--x'), /invalid value for --x/));
});

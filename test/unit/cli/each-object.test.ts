import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachObject } from '../../../src/cli/each-object.ts';

test('the work on one object follows that on another, and goes on after a failure', async () => {
  const seen: string[] = [];
  const work = async (name: string): Promise<void> => {
    seen.push(`begin ${name}`);
    await Promise.resolve();
    seen.push(`end ${name}`);
    if (name === 'a') throw new Error('a failed');
  };
  await assert.rejects(forEachObject(['a', 'b'], work), /^Error: a failed$/);
  assert.deepEqual(seen, ['begin a', 'end a', 'begin b', 'end b']);
});

test('several at once: no more than asked for, turns in order, failures in the order of the objects', async () => {
  let working = 0;
  let most = 0;
  const turns: number[] = [];
  const work = async (index: number, turn: Promise<void>): Promise<void> => {
    working += 1;
    most = Math.max(most, working);
    // The later ones are the quicker ones.
    for (let step = 0; step < 10 - index; step++) await Promise.resolve();
    await turn;
    working -= 1;
    turns.push(index);
    if (index % 4 === 3) throw new Error(`${index} failed`);
  };
  const error = await forEachObject([0, 1, 2, 3, 4, 5, 6, 7], work, 3).catch((reason: unknown) => reason);
  assert.ok(error instanceof AggregateError);
  assert.deepEqual(
    error.errors.map(({ message }: Error) => message),
    ['3 failed', '7 failed'],
  );
  assert.deepEqual(turns, [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(most, 3);
});

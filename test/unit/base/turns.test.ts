import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs } from '../../../src/base/clock.ts';
import { turns } from '../../../src/base/turns.ts';

test('long work lets others have their turn before it has ended', async () => {
  const turn = turns();
  let hadTurn = false;
  setImmediate(() => {
    hadTurn = true;
  });
  for (const end = monotonicMs() + 60_000; !hadTurn && monotonicMs() < end; ) await turn();
  assert.ok(hadTurn);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAsWritten, sumOf } from '../../../src/state/document-sum.ts';

test('every single bit of a text counts, and its length', () => {
  const text = `{"name":"é","env":["A=${'x'.repeat(50)}"]}`;
  const known = sumOf(text);
  const bytes = Buffer.from(text);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    // Only what is still text comes back from SQLite as another one.
    const back = changed.toString();
    if (Buffer.from(back).equals(changed)) assert.equal(isAsWritten(back, known), false, String(bit));
  }
  assert.equal(isAsWritten(`${text} `, known), false);
  assert.equal(isAsWritten(text, known), true);
  assert.equal(isAsWritten(text, null), true);
});

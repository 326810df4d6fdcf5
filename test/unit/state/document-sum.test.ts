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

test('sums of documents that are stored stay the same', () => {
  const words = (text: string): number => {
    const bytes = Buffer.concat([Buffer.from(text), Buffer.alloc(4)]);
    let sum = Buffer.byteLength(text);
    for (let at = 0; at < Buffer.byteLength(text); at += 4)
      sum = Math.imul((sum << 5) | (sum >>> 27), 0x01000193) ^ bytes.readInt32LE(at);
    return sum >>> 0;
  };
  const texts = [
    '',
    '{}',
    '"',
    `${'é'.repeat(1001)}${'x'.repeat(333)}`,
    JSON.stringify({ all: [1, '\u{1f40b}'] }),
  ];
  for (let length = 0; length < 500; length++)
    texts.push(
      Array.from({ length }, (_, at) => String.fromCharCode((at * 7919 + length) % 0xd800)).join(''),
    );
  for (const text of texts) assert.equal(sumOf(text), words(text));
});

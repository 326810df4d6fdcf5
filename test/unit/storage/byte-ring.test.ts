import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createRing, RingAbortedError, RingReader, RingWriter } from '../../../src/storage/byte-ring.ts';

const RING = new URL('../../../src/storage/byte-ring.ts', import.meta.url).href;
/** The size of the chunks that come out. */
const SLOT = 256 << 10;
/** Sums up what comes out, on another thread, slowly enough that the ring fills up. */
const SLOW_READER = `
  const { workerData, parentPort } = require('node:worker_threads');
  import(workerData.url).then(({ RingReader }) => {
    const reader = new RingReader(workerData.memory);
    let sum = 0, bytes = 0;
    for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next()) {
      bytes += chunk.length;
      for (let i = 0; i < chunk.length; i += 1000) sum = (sum * 31 + chunk[i]) % 1000003;
    }
    parentPort.postMessage({ sum, bytes });
  });`;

test('what is written on one thread is read on the other, whatever the sizes', async () => {
  const memory = createRing();
  const writer = new RingWriter(memory);
  const worker = new Worker(SLOW_READER, { eval: true, workerData: { memory, url: RING } });
  const answer = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const all = Buffer.alloc(40_000_000);
  for (let i = 0; i < all.length; i += 1000) all[i] = (i * 7) % 251;
  const sizes = [1, 70_000, 1 << 20, 5_000_000, 999];
  for (let at = 0, turn = 0; at < all.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    await writer.write(all.subarray(at, at + size));
    at += size;
  }
  await writer.end();
  let sum = 0;
  for (let at = 0; at < all.length; at += SLOT) {
    const chunk = all.subarray(at, at + SLOT);
    for (let i = 0; i < chunk.length; i += 1000) sum = (sum * 31 + (chunk[i] ?? 0)) % 1_000_003;
  }
  assert.deepEqual(await answer, { sum, bytes: all.length });
});

test('an aborted ring throws at the reader, an ended one gives what is left', async () => {
  const memory = createRing();
  const writer = new RingWriter(memory);
  await writer.write(Buffer.from('left over'));
  await writer.end();
  const reader = new RingReader(memory);
  assert.equal(String(reader.next()), 'left over');
  assert.equal(reader.next(), undefined);
  writer.reset();
  await writer.write(Buffer.from('never seen'));
  writer.abort();
  assert.throws(() => new RingReader(memory).next(), RingAbortedError);
});

test('a writer whose reader has gone is not left waiting', async () => {
  const writer = new RingWriter(createRing());
  const stuck = writer.write(Buffer.alloc(100 << 20));
  writer.discard();
  await stuck;
  await writer.end();
});

test('what is put straight into the room of a ring counts when it is committed', async () => {
  const memory = createRing();
  const writer = new RingWriter(memory);
  (await writer.reserve()).write('first');
  writer.commit(5);
  await writer.write(Buffer.from(' second'));
  (await writer.reserve()).write(' dropped');
  await writer.end();
  assert.equal(String(new RingReader(memory).next()), 'first second');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BusReader, BusWriter, decodeMessage, encodeCall } from '../../../src/native/bus-message.ts';

const HELLO = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
};

test('a call has the bytes that the specification asks for', () => {
  const bytes = encodeCall(HELLO, 1);
  // Little-endian, method call, no flags, version 1, empty body, serial 1, then the length of the fields.
  assert.equal(bytes.subarray(0, 12).toString('hex'), '6c010001' + '00000000' + '01000000');
  assert.equal(bytes.length % 8, 0);
  assert.equal(bytes.readUInt32LE(12), 109);
  // First field: path (1), of type "o", 21 bytes long.
  assert.equal(bytes.subarray(16, 24).toString('hex'), '01016f0015000000');
  assert.equal(bytes.toString('latin1', 24, 45), '/org/freedesktop/DBus');
});

test('a message that is cut off is waited for, and what follows it is left alone', () => {
  const bytes = encodeCall({ ...HELLO, signature: 's', body: new BusWriter().string('text').bytes() }, 7);
  for (const length of [0, 15, 16, bytes.length - 1])
    assert.equal(decodeMessage(bytes.subarray(0, length)), undefined);
  const decoded = decodeMessage(Buffer.concat([bytes, bytes]));
  assert.equal(decoded?.length, bytes.length);
  assert.equal(decoded?.message.kind, 'call');
  assert.equal(decoded?.message.member, 'Hello');
  assert.equal(new BusReader(decoded?.message.body ?? Buffer.alloc(0)).string(), 'text');
});

test('an array is padded to its elements also when it is empty, and its length leaves the padding out', () => {
  assert.equal(
    new BusWriter()
      .array(8, () => undefined)
      .bytes()
      .toString('hex'),
    '0000000000000000',
  );
  const pids = new BusWriter().byte(1).variant({ type: 'au', value: [2, 3] });
  assert.equal(
    pids.bytes().toString('hex'),
    '01' + '02617500' + '000000' + '08000000' + '02000000' + '03000000',
  );
});

test('the length of a text is that of its bytes', () => {
  const bytes = new BusWriter().string('é').bytes();
  assert.equal(bytes.toString('hex'), '02000000' + 'c3a9' + '00');
  assert.equal(new BusReader(bytes).string(), 'é');
});

test('what is no message of the bus is refused', () => {
  assert.throws(() => decodeMessage(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')), /another byte order/);
  const endless = encodeCall(HELLO, 1);
  endless.writeUInt32LE(0x7fffffff, 4);
  assert.throws(() => decodeMessage(endless), /of \d+ bytes/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BusWriter } from '../../../src/native/bus-message.ts';
import { limitSlice, sliceProperties, stopSlice } from '../../../src/oci/systemd-slice.ts';
import { type FakeCall, type FakePeer, leadingStrings, withBus } from '../../fixtures/fake-bus.ts';

const SLICE = 'machine-libpod_pod_1.slice';
const members = (calls: FakeCall[]): string[] => calls.map(({ member }) => member);
const LIMITS = { memory: { limit: 4096, swap: 6144 } };

test('a slice is started with its limits', async () => {
  const calls = await withBus(
    (call, peer) => {
      peer.reply();
      if (call.member === 'StartTransientUnit') peer.jobRemoved(SLICE, 'done');
    },
    (path) => limitSlice(path, SLICE, LIMITS),
  );
  assert.deepEqual(members(calls), ['Hello', 'AddMatch', 'StartTransientUnit']);
  const body = calls[2]?.body ?? Buffer.alloc(0);
  assert.deepEqual(leadingStrings(body, 2), [SLICE, 'fail']);
  assert.ok(body.includes('MemoryMax') && body.includes('MemorySwapMax'));
});

test('a slice that is there already is given the limits', async () => {
  const calls = await withBus(
    (call, peer) => {
      if (call.member === 'StartTransientUnit') peer.refuse('org.freedesktop.systemd1.UnitExists', 'exists');
      else peer.reply();
    },
    (path) => limitSlice(path, SLICE, LIMITS),
  );
  assert.equal(members(calls).at(-1), 'SetUnitProperties');
  const body = calls.at(-1)?.body ?? Buffer.alloc(0);
  assert.deepEqual(leadingStrings(body, 1), [SLICE]);
  assert.ok(body.includes('MemoryMax'));
});

test('what systemd refuses is passed on, and a slice that is gone need not be stopped', async () => {
  const refuse = (name: string) => (call: FakeCall, peer: FakePeer) =>
    call.member === 'Hello' || call.member === 'AddMatch'
      ? peer.reply()
      : peer.refuse(`org.freedesktop.${name}`, 'no');
  await withBus(refuse('DBus.Error.AccessDenied'), (path) =>
    assert.rejects(limitSlice(path, SLICE, LIMITS), /no/),
  );
  const calls = await withBus(refuse('systemd1.NoSuchUnit'), (path) => stopSlice(path, SLICE));
  assert.equal(members(calls).at(-1), 'StopUnit');
});

test('limits are told in the words of systemd', () => {
  const properties = Object.fromEntries(
    sliceProperties({
      memory: { limit: 1000, swap: -1 },
      cpu: { shares: 1024, quota: 50_000, period: 100_000, cpus: '0-1,9', mems: '0' },
      blockIO: {
        weight: 1000,
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 7 }],
        throttleWriteBpsDevice: [{ major: 8, minor: 16, rate: 9 }],
      },
    }).map(([name, { value }]) => [name, value]),
  );
  assert.deepEqual(properties, {
    MemoryMax: 1000n,
    MemorySwapMax: 0xffff_ffff_ffff_ffffn,
    CPUWeight: 39n,
    CPUQuotaPeriodUSec: 100_000n,
    CPUQuotaPerSecUSec: 500_000n,
    AllowedCPUs: [0b11, 0b10],
    AllowedMemoryNodes: [1],
    IOWeight: 10_000n,
    IOReadBandwidthMax: [['/dev/block/8:0', 7n]],
    IOWriteBandwidthMax: [['/dev/block/8:16', 9n]],
  });
});

test('numbers of eight bytes and lists of pairs are laid out as the bus wants them', () => {
  const number = new BusWriter().variant({ type: 't', value: 0x0102_0304_0506_0708n }).bytes();
  assert.equal(number.toString('hex'), '01740000000000000807060504030201');
  const pairs = new BusWriter().variant({ type: 'a(st)', value: [['ab', 1n]] }).bytes();
  // Signature of five letters, length, padding to eight, string with its length, padding, number.
  assert.equal(
    pairs.toString('hex'),
    ['056128737429', '00', '00', '10000000', '00000000', '02000000', '61620000', '0100000000000000'].join(''),
  );
  const bytes = new BusWriter().variant({ type: 'ay', value: [3, 2] }).bytes();
  assert.equal(bytes.toString('hex'), '0261790002000000' + '0302');
});

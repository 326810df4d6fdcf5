import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contains,
  formatIp,
  isLoopback,
  overlaps,
  parseIp,
  parseSubnet,
  type Subnet,
} from '../../../src/network/ip-address.ts';

test('an address written in any way is formatted in the short way', () => {
  for (const [given, short] of [
    ['10.1.2.3', '10.1.2.3'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['fd00:0:0:1:0:0:0:5', 'fd00:0:0:1::5'],
    ['2001:DB8::', '2001:db8::'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ] as const) {
    const address = parseIp(given);
    assert.ok(address, given);
    assert.equal(formatIp(address), short);
  }
});

test('what is not a plain address is refused', () => {
  for (const text of ['', 'a', '10.1.2', '10.1.2.256', 'fe80::1%eth0', '10.0.0.0/8']) {
    assert.equal(parseIp(text), undefined, text);
  }
});

test('a subnet begins at its prefix and ends before the next one', () => {
  assert.deepEqual(parseSubnet('10.1.2.77/24'), {
    family: 4,
    first: 0x0a010200n,
    last: 0x0a0102ffn,
    prefix: 24,
  });
  for (const text of ['10.1.2.0', '10.1.2.0/33', '10.1.2.0/-1', '10.1.2.0/', 'x/8', 'fd00::/129']) {
    assert.equal(parseSubnet(text), undefined, text);
  }
});

test('subnets overlap when one lies in the other, whatever the order, and never across families', () => {
  const subnet = (text: string): Subnet => parseSubnet(text) ?? assert.fail(text);
  assert.ok(overlaps(subnet('10.0.0.0/8'), subnet('10.9.0.0/16')));
  assert.ok(overlaps(subnet('10.9.0.0/16'), subnet('10.0.0.0/8')));
  assert.ok(!overlaps(subnet('10.8.0.0/16'), subnet('10.9.0.0/16')));
  assert.ok(!overlaps(subnet('0.0.0.0/0'), subnet('::/0')));
  assert.ok(contains(subnet('10.9.0.0/16'), { family: 4, value: 0x0a09ffffn }));
  assert.ok(!contains(subnet('10.9.0.0/16'), { family: 4, value: 0x0a0a0000n }));
});

test('loopback addresses are known in both families, mapped ones too', () => {
  for (const text of ['127.0.0.1', '127.0.0.53', '::1', '::ffff:127.0.0.1'])
    assert.ok(isLoopback(text), text);
  for (const text of ['128.0.0.1', '::2', 'fe80::1%lo', 'localhost']) assert.ok(!isLoopback(text), text);
});

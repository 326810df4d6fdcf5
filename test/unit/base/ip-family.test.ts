import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import { ipFamily } from '../../../src/base/ip-family.ts';

const SAMPLES = [
  '',
  '1.2.3.4',
  '0.0.0.0',
  '255.255.255.255',
  '256.1.1.1',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '1.2.3.a',
  ' 1.2.3.4',
  '1.2.3.4 ',
  '::',
  '::1',
  '1::',
  'fe80::1',
  'fe80::1%eth0',
  'fe80::1%',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '::ffff:1.2.3.4',
  '1:2:3:4:5:6:1.2.3.4',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1::2::3',
  ':1',
  '1:',
  '1:::2',
  '12345::',
  'g::1',
  '::1.2.3',
  '1.2.3.4::',
  '1::2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '::1:2:3:4:5:6:7:8',
  'host',
  '1',
  '%eth0',
  '2001:db8::g',
];

for (const sample of SAMPLES) {
  test(`${JSON.stringify(sample)} is what Node takes it for`, () => {
    assert.equal(ipFamily(sample), isIP(sample));
  });
}

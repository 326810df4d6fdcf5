import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leaseRangeText, subnetsFrom } from '../../../src/network/subnet-requests.ts';

const roundTrip = (subnet: string, range: string): string => {
  const [made] = subnetsFrom({ subnets: [subnet], gateways: [], ranges: [range] }, true);
  return leaseRangeText(made?.lease_range ?? {});
};

describe('leaseRangeText', () => {
  for (const [subnet, range] of [
    ['10.5.0.0/24', '10.5.0.128/25'],
    ['10.5.0.0/24', '10.5.0.0/24'],
    ['10.5.0.0/24', '10.5.0.7/32'],
    ['10.5.0.0/24', '10.5.0.10-10.5.0.20'],
    ['fd00:5::/64', 'fd00:5::8000/113'],
  ] as const)
    it(`tells ${range} as it was given`, () => assert.equal(roundTrip(subnet, range), range));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { layMappingOver, mapsFromFlags } from '../../../src/rootless/id-map-flags.ts';

const USER = {
  uids: [
    { containerId: 0, hostId: 1000, size: 1 },
    { containerId: 1, hostId: 100000, size: 65536 },
  ],
  gids: [
    { containerId: 0, hostId: 1000, size: 1 },
    { containerId: 1, hostId: 200000, size: 65536 },
  ],
};

function maps(uidMap: string[], gidMap: string[] = [], rootless = true): string {
  const { uids, gids } = mapsFromFlags({ uidMap, gidMap }, { own: USER, rootless });
  const text = (map: typeof uids) =>
    map.map(({ containerId, hostId, size }) => `${containerId}:${hostId}:${size}`).join(' ');
  return `${text(uids)} | ${text(gids)}`;
}

describe('--uidmap and --gidmap', () => {
  it('hold for both when only one is given, with one id when no number is said', () => {
    assert.equal(maps(['0:5:10', '20:50']), '0:5:10 20:50:1 | 0:5:10 20:50:1');
    assert.equal(maps(['0:5:10'], ['0:7:10']), '0:5:10 | 0:7:10');
    assert.equal(maps([], ['0:7:10']), '0:7:10 | 0:7:10');
  });

  it('hold for one kind with u or g', () => {
    assert.equal(maps(['u0:5:10', 'g0:6:10']), '0:5:10 | 0:6:10');
    assert.equal(maps(['0:5:10', 'ug20:50:1'], ['0:6:10']), '0:5:10 20:50:1 | 0:6:10 20:50:1');
  });

  it('take an id of the machine with @', () => {
    assert.equal(maps(['0:@1000:1', 'u1:@100000:5', 'g1:@200009:5']), '0:0:1 1:1:5 | 0:0:1 1:10:5');
  });

  it('are laid over all ids of a user with +', () => {
    assert.equal(maps(['u+5:0:1', 'g0:1:3']), '1:1:4 5:0:1 6:6:65531 | 0:1:3');
    assert.equal(maps(['0:1:10', '+3:100:2'], ['0:1:1'], false), '0:1:3 3:100:2 5:6:5 | 0:1:1');
  });

  it('are refused when malformed, overlapping, or about ids of others', () => {
    assert.throws(() => maps(['1']), /must be container-id:from-id/);
    assert.throws(() => maps(['0:1:-1']), /must be container-id:from-id/);
    assert.throws(() => maps(['0:1:10', '5:50:1']), /overlaps an earlier mapping/);
    assert.throws(() => maps(['0:@7:1']), /id 7 of this machine is not one of yours/);
    assert.throws(() => maps(['0:1:99999999999']), /no number from 1/);
  });
});

describe('laying a mapping over others', () => {
  it('takes its ids from them on both sides', () => {
    const base = [{ containerId: 0, hostId: 100, size: 10 }];
    assert.deepEqual(layMappingOver(base, { containerId: 2, hostId: 107, size: 2 }), [
      { containerId: 0, hostId: 100, size: 2 },
      { containerId: 2, hostId: 107, size: 2 },
      { containerId: 4, hostId: 104, size: 3 },
      { containerId: 9, hostId: 109, size: 1 },
    ]);
  });
});

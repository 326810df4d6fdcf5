import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  keepIdMap,
  mappedIds,
  mapRanges,
  parseIdMap,
  parseSubordinateIds,
  readIdMaps,
  toContainerId,
  toHostId,
} from '../../../src/rootless/id-maps.ts';

const ROOTLESS = parseIdMap('         0       1000          1\n         1     100000      65536\n');

describe('id maps', () => {
  test('translate both ways, and unmapped ids to nothing', () => {
    assert.equal(mappedIds(ROOTLESS), 65537);
    for (const [inside, outside] of [
      [0, 1000],
      [1, 100000],
      [65536, 165535],
    ] as const) {
      assert.equal(toHostId(ROOTLESS, inside), outside);
      assert.equal(toContainerId(ROOTLESS, outside), inside);
    }
    assert.equal(toHostId(ROOTLESS, 65537), undefined);
    assert.equal(toContainerId(ROOTLESS, 0), undefined);
    assert.equal(toContainerId(ROOTLESS, 165536), undefined);
  });

  test('the own maps contain the own ids', () => {
    assert.notEqual(toHostId(readIdMaps().uids, process.getuid?.() ?? 0), undefined);
    assert.notEqual(toHostId(readIdMaps().gids, process.getgid?.() ?? 0), undefined);
  });

  test('subordinate ids are those of the name and of the number, without overlaps', () => {
    const text =
      '# comment\nanna:100000:65536\nbob:165536:65536\n1000:300000:1000\nanna:100500:10\nanna:x:1\nanna:5:0\n';
    assert.deepEqual(parseSubordinateIds(text, ['anna', '1000']), [
      { start: 100000, count: 65536 },
      { start: 300000, count: 1000 },
    ]);
    assert.deepEqual(parseSubordinateIds(text, ['carl']), []);
  });

  test('ranges are laid end to end', () => {
    const map = mapRanges(
      [
        { start: 500, count: 10 },
        { start: 900, count: 5 },
      ],
      1,
    );
    assert.equal(toHostId(map, 10), 509);
    assert.equal(toHostId(map, 11), 900);
  });

  test('keep-id gives the user its own id and every other id exactly one place', () => {
    for (const id of [0, 1, 1000, 65536]) {
      const map = keepIdMap(id, 65537);
      assert.equal(toHostId(map, id), 0, `id ${id}`);
      assert.equal(mappedIds(map), 65537);
      const outside = map.flatMap(({ hostId, size }) => [hostId, hostId + size - 1]);
      assert.ok(Math.min(...outside) === 0 && Math.max(...outside) === 65536);
    }
  });

  test('keep-id works where there are fewer ids than the id itself, even with one', () => {
    assert.equal(toHostId(keepIdMap(5000, 1001), 5000), 0);
    assert.equal(mappedIds(keepIdMap(5000, 1001)), 1001);
    assert.deepEqual(keepIdMap(1000, 1), [{ containerId: 1000, hostId: 0, size: 1 }]);
  });
});

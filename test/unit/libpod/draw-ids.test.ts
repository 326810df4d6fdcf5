import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstFree } from '../../../src/libpod/draw-ids.ts';

const taken = (hostId: number, size: number) => ({ containerId: 0, hostId, size });

describe('ids for a container of its own', () => {
  it('are the lowest that are free in a row', () => {
    assert.equal(firstFree([{ start: 1, count: 100 }], [], 10), 1);
    assert.equal(firstFree([{ start: 1, count: 100 }], [taken(1, 10), taken(31, 5)], 20), 11);
    assert.equal(firstFree([{ start: 1, count: 100 }], [taken(31, 5), taken(1, 10)], 21), 36);
    assert.equal(
      firstFree(
        [
          { start: 1, count: 10 },
          { start: 50, count: 20 },
        ],
        [taken(5, 1)],
        15,
      ),
      50,
    );
  });

  it('are none when there is no such room', () => {
    assert.equal(firstFree([{ start: 1, count: 10 }], [taken(5, 1)], 6), undefined);
    assert.equal(firstFree([], [], 1), undefined);
  });
});

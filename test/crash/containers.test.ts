import assert from 'node:assert/strict';
import { testCrashes, testRepair } from '../fixtures/crash-operation.ts';
import { CONTAINERS } from './operations/containers.ts';

testCrashes(CONTAINERS);

for (const [name, point] of [
  ['create', 'volume-after-directory'],
  ['run --rm', 'start-after-create'],
  ['run --rm', 'remove-after-row'],
  ['rm -f', 'trash-before-empty'],
] as const) {
  const operation = CONTAINERS.find((each) => each.name === name);
  assert.ok(operation);
  testRepair(operation, point);
}

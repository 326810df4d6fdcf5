import assert from 'node:assert/strict';
import { testCrashes, testRepair } from '../fixtures/crash-operation.ts';
import { BUILD } from './operations/build.ts';

testCrashes(BUILD);

for (const [name, point] of [
  ['build', 'commit-before-complete'],
  ['build', 'start-after-start'],
] as const) {
  const operation = BUILD.find((each) => each.name === name);
  assert.ok(operation);
  testRepair(operation, point);
}

import assert from 'node:assert/strict';
import { testCrashes, testRepair } from '../fixtures/crash-operation.ts';
import { IMAGES } from './operations/images.ts';

testCrashes(IMAGES);

for (const [name, point] of [
  ['pull', 'layer-half-unpacked'],
  ['load', 'layer-before-complete'],
] as const) {
  const operation = IMAGES.find((each) => each.name === name);
  assert.ok(operation);
  testRepair(operation, point);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originalEnvironment } from '../../../src/rootless/original-environment.ts';

test('the original environment has NODE_OPTIONS and the like back and nothing of the launcher', () => {
  const env = {
    HOME: '/home/anna',
    TSPOD_NODE: '/usr/bin/node',
    TSPOD_ARGV0: 'docker',
    TSPOD_SAVED_NODE_OPTIONS: '--max-old-space-size=64',
    TSPOD_SAVED_BUN_OPTIONS: '--smol',
    _TSPOD_ROOTLESS_UID: '1000',
  };
  assert.deepEqual(originalEnvironment(env), {
    HOME: '/home/anna',
    TSPOD_NODE: '/usr/bin/node',
    NODE_OPTIONS: '--max-old-space-size=64',
    BUN_OPTIONS: '--smol',
  });
});

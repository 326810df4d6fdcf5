import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runProgram, TSPOD } from '../fixtures/harness.ts';

describe('the bytecode beside the bundle', () => {
  for (const [who, flags] of [
    ['commands', []],
    ['the service, which runs under other flags,', ['system', 'service']],
  ] as const)
    it(`is taken by ${who}`, async () => {
      const { code, stdout, stderr } = await runProgram(TSPOD, ['__warm', 'check', ...flags]);
      assert.equal(code, 0, stdout + stderr);
      const lines = stdout.trimEnd().split('\n');
      assert.ok(lines.length > 3, stdout);
      for (const line of lines) assert.match(line, /^\.\/chunk-\w+\.js taken$/);
    });
});

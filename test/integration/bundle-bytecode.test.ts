import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runProgram, TSPOD } from '../fixtures/harness.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-bytecode-'));
after(() => rmSync(directory, { recursive: true }));
const stores = [`--root=${directory}/root`, `--runroot=${directory}/run`];

describe('the bytecode beside the bundle', () => {
  for (const [who, line, files] of [
    ['a command that has its own', ['save', 'nothing'], ['modules', 'package_better_sqlite3']],
    ['other commands', ['system', 'check'], ['modules', 'package_better_sqlite3']],
    ['the service, which runs under other flags,', ['system', 'service', '--help'], ['modules']],
  ] as const)
    it(`is taken by ${who}`, async () => {
      const { code, stdout, stderr } = await runProgram(TSPOD, ['__warm', 'check', ...stores, ...line]);
      assert.equal(code, 0, stdout + stderr);
      for (const file of files) assert.match(stdout, new RegExp(`^chunk-${file}_\\w+\\.js taken$`, 'm'));
    });
});

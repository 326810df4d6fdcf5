import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram, testEnvironment, testRoot, TSPOD } from '../fixtures/harness.ts';

test('storage.conf chooses places and driver', async () => {
  const { base } = testRoot();
  const file = join(base, 'storage.conf');
  writeFileSync(file, `[storage]\ndriver = "vfs"\ngraphroot = "${base}/g"\nrunroot = "${base}/r"\n`);
  const env = testEnvironment({ env: { CONTAINERS_STORAGE_CONF: file } });
  const format = '{{.Store.GraphDriverName}} {{.Store.GraphRoot}} {{.Store.RunRoot}} {{.Store.ConfigFile}}';
  const result = await runProgram(TSPOD, ['info', '--format', format], { env });
  assert.equal(result.stdout, `vfs ${base}/g/tspod ${base}/r/tspod ${file}\n`, result.stderr);
  assert.ok(existsSync(join(base, 'g/tspod/driver')));
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';

const LOG = new URL('../../../src/base/log.ts', import.meta.url).href;
const PROGRAM = `
  const { log } = await import(${JSON.stringify(LOG)});
  for (let i = 0; i < 2000; i++) log('warn', 'x'.repeat(200));
  process.reallyExit(0);`;

test('a log is written completely before the process ends, however slow its reader', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let lines = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lines += text.split('\n').length - 1;
  });
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0);
  assert.equal(lines, 2000);
});

test('a log that cannot be written fails nothing', () => {
  const full = openSync('/dev/full', 'w');
  try {
    const stdio = ['ignore', 'ignore', full] as const;
    const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
      stdio: [...stdio],
    });
    assert.equal(status, 0);
  } finally {
    closeSync(full);
  }
});

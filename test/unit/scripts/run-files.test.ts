import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const { runFiles } = await import(resolve('scripts/test/run-files.mjs'));

/** Runs one file of tests as a phase of the suite does, and returns what was counted. */
async function runOne(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tspod-run-files-'));
  const told = { passed: 0, failed: [] as string[], unsteady: [] as string[], skipped: [] as string[] };
  const tally = {
    pass: () => void told.passed++,
    fail: (_phase: string, name: string) => told.failed.push(name),
    unsteady: (_phase: string, name: string) => told.unsteady.push(name),
    skip: (_phase: string, name: string) => told.skipped.push(name),
  };
  const file = join(folder, 'one.test.mjs');
  mkdirSync(join(folder, 'scripts/test'), { recursive: true });
  writeFileSync(
    join(folder, 'scripts/test/reporter.mjs'),
    `export { default } from ${JSON.stringify(resolve('scripts/test/reporter.mjs'))};`,
  );
  writeFileSync(
    file,
    `import { test } from 'node:test'; import { existsSync, writeFileSync } from 'node:fs';\n${text}`,
  );
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const print = console.log;
  console.log = () => {};
  try {
    await runFiles({ phase: 'p', tally, node: process.execPath, cwd: folder, env, batches: [[file]] });
  } finally {
    console.log = print;
    rmSync(folder, { recursive: true });
  }
  return told;
}

const onlyOnce = "if (!existsSync('flag')) { writeFileSync('flag', ''); throw new Error('first'); }";

test('what fails and then passes alone is unsteady, and counts once', async () => {
  const told = await runOne(`test('a', () => {}); test('b', () => { ${onlyOnce} });`);
  assert.deepEqual(told, { passed: 2, failed: [], unsteady: ['one.test.mjs: b'], skipped: [] });
});

test('tests that a fixture defines are run again with the file that uses it', async () => {
  const told = await runOne(
    `writeFileSync('fixture.mjs', \`import { test } from 'node:test'; import { existsSync, writeFileSync } from 'node:fs';
      export function define() { test('b', () => { ${onlyOnce} }); }\`);
    (await import('./fixture.mjs')).define();`,
  );
  assert.deepEqual(told, { passed: 1, failed: [], unsteady: ['fixture.mjs: b'], skipped: [] });
});

test('a suite whose hook fails once is unsteady', async () => {
  const told = await runOne(
    `import { before, describe } from 'node:test';
    describe('s', () => { before(() => { ${onlyOnce} }); test('a', () => {}); });`,
  );
  assert.deepEqual(told, {
    passed: 1,
    failed: [],
    unsteady: ['one.test.mjs: s > a', 'one.test.mjs: s'],
    skipped: [],
  });
});

test('what fails twice has failed', async () => {
  const told = await runOne(`test('a', () => {}); test('b', () => { throw new Error('always'); });`);
  assert.deepEqual(told, { passed: 1, failed: ['one.test.mjs: b'], unsteady: [], skipped: [] });
});

test('a test that fails only in the second run has failed', async () => {
  const told = await runOne(
    `test('a', () => { if (existsSync('flag')) throw new Error('later'); }); test('b', () => { ${onlyOnce} });`,
  );
  assert.deepEqual(told.failed, ['one.test.mjs: a']);
});

test('a file that ended by itself once is unsteady, and twice has failed', async () => {
  assert.equal((await runOne(onlyOnce)).unsteady.length, 1);
  assert.equal((await runOne(`throw new Error('broken');`)).failed.length, 1);
});

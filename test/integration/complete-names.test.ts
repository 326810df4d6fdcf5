import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { rootArguments, runProgram, testEnvironment, testRoot, TSPOD, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';

/** The candidates that a shell would be told, without what stands beside them. */
async function candidates(...words: string[]): Promise<string[]> {
  const line = ['__complete', ...rootArguments(testRoot()), ...words];
  const { stdout } = await runProgram(TSPOD, line, { env: testEnvironment() });
  const lines = stdout.split('\n');
  return lines.filter((line) => !line.startsWith(':')).map((line) => line.split('\t')[0] ?? '');
}

before(async () => {
  await busyboxImage();
  await tspodOk(['volume', 'create', 'shelf']);
  await tspodOk(['network', 'create', 'street']);
  await tspodOk(['secret', 'create', 'token', '-'], { input: 'x' });
  await tspodOk(['create', '--name', 'house', '--network', 'none', BUSYBOX, 'true']);
});

describe('completion names what there is', () => {
  const cases: [string[], string][] = [
    [['volume', 'rm', ''], 'shelf'],
    [['run', '-v', ''], 'shelf'],
    [['network', 'inspect', ''], 'street'],
    [['run', '--network', ''], 'street'],
    [['network', 'connect', 'street', ''], 'house'],
    [['secret', 'inspect', ''], 'token'],
    [['run', '--secret', ''], 'token'],
    [['rmi', 'localhost/busy'], BUSYBOX],
    [['start', ''], 'house'],
  ];
  for (const [words, expected] of cases) {
    test(`after ${words.slice(0, -1).join(' ')}`, async () => {
      assert.ok((await candidates(...words)).includes(expected));
    });
  }
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testRoot, tspodOk } from '../fixtures/harness.ts';
import { isRoot } from '../fixtures/requires.ts';

/** What a program prints about the store; a user's files are only readable in their namespace. */
async function measure(...words: [string, ...string[]]): Promise<number> {
  const [program, ...args] = words;
  const text = isRoot()
    ? (await runProgram(program, args)).stdout
    : await tspodOk(['unshare', program, ...args]);
  return text
    .split('\n')
    .filter(Boolean)
    .reduce((sum, line) => sum + Number.parseInt(line, 10), 0);
}

function assertWithinOnePercent(told: number, real: number, what: string): void {
  assert.ok(Math.abs(told - real) <= real / 100, `${what}: ${told} is told, ${real} is there`);
}

test('system df agrees with du about images, and with the sizes of files about containers and volumes', async () => {
  await busyboxImage();
  // Many small files, hard links, holes, and files that a later layer hides.
  const lines = [
    'FROM busybox',
    'RUN mkdir /many; for i in $(seq 300); do head -c $((i * 37)) /dev/urandom >/many/$i; done',
    'RUN rm -r /many/1*; head -c 3m /dev/urandom >/big; ln /big /link; truncate -s 50M /sparse',
  ];
  await tspodOk(['build', '-q', '-t', 'measured', '-'], { input: `${lines.join('\n')}\n` });
  const script =
    'head -c 2m /dev/urandom >/own; for i in $(seq 50); do head -c 3000 /dev/urandom >/v/$i; done';
  await tspodOk(['run', '--name', 'c', '--network', 'none', '-v', 'v:/v', 'measured', 'sh', '-c', script]);

  const rows = JSON.parse(await tspodOk(['system', 'df', '--format', 'json'])) as {
    Type: string;
    RawSize: number;
  }[];
  const told = (type: string): number => rows.find((row) => row.Type === type)?.RawSize ?? Number.NaN;
  const { graphRoot } = testRoot();
  assertWithinOnePercent(
    told('Images'),
    await measure('du', '-s', '--block-size=1', join(graphRoot, 'layers')),
    'images',
  );
  const id = await tspodOk(['inspect', '--format', '{{.Id}}', 'c']);
  const sizes = (directory: string) => measure('find', directory, '-type', 'f', '-printf', '%s\\n');
  assertWithinOnePercent(
    told('Containers'),
    await sizes(join(graphRoot, 'containers', id, 'diff')),
    'containers',
  );
  assertWithinOnePercent(told('Local Volumes'), await sizes(join(graphRoot, 'volumes/v/_data')), 'volumes');

  // Of an image the layers of its own and those that it shares are all of it.
  const verbose = await tspodOk(['system', 'df', '--verbose']);
  assert.match(verbose, /^localhost\/measured +latest +\w+ .*MB +[\d.]+MB +[\d.]+MB +1$/m);
  await tspodOk(['rm', '--volumes', 'c']);
  await tspodOk(['volume', 'rm', '--force', 'v']);
});

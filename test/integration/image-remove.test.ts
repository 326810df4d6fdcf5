import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { buildTar } from '../fixtures/layers/build-tar.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const { graphRoot, base } = testRoot();
const LARGE = 'localhost/large:1';
let baseline: string[] = [];

before(async () => {
  await busyboxImage();
  baseline = listStore(testRoot());
  writeFileSync(join(base, 'large.tar'), buildTar({ name: 'large', content: 'x'.repeat(34 << 20) }));
});

const namesIn = (folder: string): string[] => readdirSync(join(graphRoot, folder));

test('the files of a large layer are gone from their place at once, and from the disk a little later', async () => {
  const before = namesIn('layers');
  await tspodOk(['import', join(base, 'large.tar'), LARGE]);
  await tspodOk(['rmi', LARGE]);
  assert.deepEqual(namesIn('layers'), before);
  await waitFor('an empty trash', () => namesIn('trash').length === 0);
  assert.deepEqual(listStore(testRoot()), baseline);
});

test('a prune does not end before the disk is free', async () => {
  await tspodOk(['import', join(base, 'large.tar'), LARGE]);
  await tspodOk(['rmi', LARGE]);
  await tspodOk(['image', 'prune', '--force']);
  assert.deepEqual(listStore(testRoot()), baseline);
});

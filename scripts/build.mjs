#!/usr/bin/env node
// Builds dist/ and bin/: the bundle with its bytecode, and its native parts. Quick when nothing changed.
// Plain JavaScript that runs on Node 20; what it builds runs on the bundled Node.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withBuildLock } from './build/build-lock.mjs';
import { writeBuildInfo } from './build/build-info.mjs';
import { bundle } from './build/bundle.mjs';
import { copyPackageBinding, makeNativeParts } from './build/native-parts.mjs';
import { buildQuick } from './build/quick.mjs';
import { stampOf, isFresh, writeStamp } from './build/stamp.mjs';
import { keepBytecode } from './build/warm.mjs';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

mkdirSync(dist, { recursive: true });
try {
  await withBuildLock(join(dist, '.build-lock'), async () => {
    makeNativeParts(root, dist);
    const stamp = stampOf(root);
    if (isFresh(dist, stamp) && !process.argv.includes('--force')) return;
    copyPackageBinding(root, dist);
    const { quick } = await bundle(root, dist);
    writeBuildInfo(root, dist);
    await buildQuick(root, dist, quick);
    await keepBytecode(root, dist);
    writeStamp(dist, stamp);
  });
} catch (error) {
  process.stderr.write(`build: ${error.message}\n`);
  process.exit(1);
}

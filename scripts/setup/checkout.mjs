import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CHECKOUT = join(dirname(fileURLToPath(import.meta.url)), '../..');
/** Stamps and downloads of the set-up; may be deleted at any time. */
export const CACHE = join(CHECKOUT, '.cache');
export const TSPOD = join(CHECKOUT, 'bin/tspod');
export const BUNDLED_NODE = join(CHECKOUT, 'node_modules', `node-linux-${process.arch}`, 'bin/node');

/** Runs the quick program; of x64 the one for every processor. */
export const BUNDLED_BUN = join(
  CHECKOUT,
  'node_modules/@oven',
  process.arch === 'x64' ? 'bun-linux-x64-baseline' : 'bun-linux-aarch64',
  'bin/bun',
);

/** The Node that tspod itself runs on; the one that runs this script where none is bundled. */
export function bestNode() {
  return existsSync(BUNDLED_NODE) ? BUNDLED_NODE : process.execPath;
}

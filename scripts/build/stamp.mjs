import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const STAMP = '.stamp';

/** What the bundle is made of, by name, size and time: reading the files would cost more than it tells. */
export function stampOf(root) {
  const hash = createHash('sha256');
  for (const file of ['package.json', 'package-lock.json', 'scripts/build.mjs']) add(hash, join(root, file));
  for (const directory of ['src', 'scripts/build']) {
    for (const entry of readdirSync(join(root, directory), { recursive: true }).sort()) {
      if (/\.(ts|mjs|json)$/.test(entry)) add(hash, join(root, directory, entry));
    }
  }
  return hash.digest('hex');
}

export function isFresh(dist, stamp) {
  const file = join(dist, STAMP);
  return existsSync(file) && existsSync(join(dist, 'main.js')) && readFileSync(file, 'utf8') === stamp;
}

export function writeStamp(dist, stamp) {
  writeFileSync(join(dist, STAMP), stamp);
}

function add(hash, path) {
  if (!existsSync(path)) return;
  const { size, mtimeMs } = statSync(path);
  hash.update(`${path}\0${size}\0${mtimeMs}\n`);
}

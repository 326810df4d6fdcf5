import { ensureBuilt } from './built-tree.mjs';
import { ensureNpmPackages } from './npm-packages.mjs';
import { checkSubordinateIds } from './subordinate-ids.mjs';
import { ensureSystemPackages } from './system-packages.mjs';
import { SetupError } from './tell.mjs';

/** Everything up to a bin/tspod that works; for `start` or, with more system packages, for `test` or `vm`. Idempotent. */
export function setUp(purpose) {
  if (process.platform !== 'linux') throw new SetupError('tspod runs on Linux only');
  ensureSystemPackages(purpose);
  checkSubordinateIds();
  ensureNpmPackages();
  ensureBuilt();
}

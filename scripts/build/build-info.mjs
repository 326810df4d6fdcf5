import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLED_NODE } from '../setup/checkout.mjs';

/** dist/build.json, which `tspod version` reads. */
export function writeBuildInfo(root, dist) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const git = spawnSync('git', ['-C', root, 'rev-parse', 'HEAD'], { encoding: 'utf8' });
  const commit = git.status === 0 ? git.stdout.trim() : '';
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  const builtAt = (epoch === undefined ? new Date() : new Date(Number(epoch) * 1000)).toISOString();
  const node = existsSync(BUNDLED_NODE)
    ? spawnSync(BUNDLED_NODE, ['--version'], { encoding: 'utf8' }).stdout.trim()
    : undefined;
  writeFileSync(join(dist, 'build.json'), `${JSON.stringify({ version, commit, builtAt, node })}\n`);
}

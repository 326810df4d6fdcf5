import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bestNode, CHECKOUT, TSPOD } from './checkout.mjs';
import { runCommand } from './run-command.mjs';
import { tell } from './tell.mjs';

const OUTPUTS = [TSPOD, join(CHECKOUT, 'bin/tspod-monitor'), join(CHECKOUT, 'dist/main.js')];

/** Runs the build, which knows by itself what is up to date. */
export function ensureBuilt() {
  if (!OUTPUTS.every((file) => existsSync(file))) tell('building tspod');
  runCommand(bestNode(), [join(CHECKOUT, 'scripts/build.mjs')], { cwd: CHECKOUT });
}

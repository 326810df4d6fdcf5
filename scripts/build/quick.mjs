import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLED_BUN } from '../setup/checkout.mjs';

/** The quick program lies beside the bundle: what main.js can do for the commands of the daily round, at a tenth of Node's start. */
const NAME = 'tspod-quick';

/**
 * Makes one executable of Bun, the text of the program and its bytecode. Nothing of the directory that it is called in is to change
 * what it does, as Bun's own settings there would. Without Bun for this machine there is none, and Node does everything.
 */
export function buildQuick(dist, text) {
  const target = join(dist, NAME);
  rmSync(target, { force: true });
  if (!existsSync(BUNDLED_BUN)) return;
  const directory = mkdtempSync(join(dist, '.quick-'));
  try {
    writeFileSync(join(directory, 'quick.js'), text);
    compile(directory);
    renameSync(join(directory, NAME), target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function compile(directory) {
  const args = [
    'build',
    '--compile',
    '--bytecode',
    '--format=cjs',
    '--target=bun',
    '--keep-names',
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    `--outfile=${NAME}`,
    'quick.js',
  ];
  const env = { PATH: process.env.PATH, HOME: directory, TMPDIR: directory };
  const { status, stderr, error } = spawnSync(BUNDLED_BUN, args, { cwd: directory, env, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`the quick program does not build (status ${status}):\n${stderr}`);
}

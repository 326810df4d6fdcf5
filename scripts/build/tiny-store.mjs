import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTar } from '../setup/tar-writer.mjs';

/**
 * A store of its own for the command lines of profiles.mjs: `work({ directory, run })`, where `run(words, { before, env })` resolves
 * when `tspod BEFORE… WORDS…` has ended, however it has. It is called in `directory`, in which image.tar and a Containerfile lie.
 */
export async function inTinyStore(root, work) {
  const directory = mkdtempSync(join(tmpdir(), 'tspod-warm-'));
  const stores = [`--root=${directory}/root`, `--runroot=${directory}/run`];
  const run = (words, { before = [], env = {} } = {}) => {
    const options = {
      cwd: directory,
      stdio: 'ignore',
      timeout: 60_000,
      env: { ...process.env, ...env },
    };
    return once(spawn(join(root, 'bin/tspod'), [...before, ...stores, ...words], options), 'close');
  };
  try {
    writeFileSync(join(directory, 'image.tar'), tinyImage(root));
    writeFileSync(join(directory, 'Containerfile'), 'FROM localhost/warm\nCOPY image.tar /\n');
    await work({ directory, run });
    await run(['system', 'reset', '--force']);
  } finally {
    // Directories of an image may be read-only; that stops everybody but root from emptying them.
    spawnSync('chmod', ['-R', 'u+rwX', directory]);
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A static program is all that an image needs. By its second name it waits until it is told to end. */
function tinyImage(root) {
  const data = readFileSync(join(root, 'bin/tspod-monitor'));
  return writeTar(['program', 'pause'].map((path) => ({ path, type: 'file', mode: 0o755, data })));
}

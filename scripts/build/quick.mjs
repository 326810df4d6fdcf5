import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLED_BUN } from '../setup/checkout.mjs';
import { QUICK_LINES } from './profiles.mjs';
import { inTinyStore } from './tiny-store.mjs';

/** The quick program lies beside the bundle: what main.js can do for the commands of the daily round, at a tenth of Node's start. */
const NAME = 'tspod-quick';

/**
 * Makes one executable of Bun, the text of the program and its bytecode. Nothing of the directory that it is called in is to change
 * what it does, as Bun's own settings there would. Without Bun for this machine there is none, and Node does everything.
 */
export async function buildQuick(root, dist, text) {
  const target = join(dist, NAME);
  rmSync(target, { force: true });
  if (!existsSync(BUNDLED_BUN)) return;
  const directory = mkdtempSync(join(dist, '.quick-'));
  try {
    writeFileSync(join(directory, 'quick.js'), text);
    compile(directory, []);
    renameSync(join(directory, NAME), target);
    const orders = await bytecodeOrders(root, directory);
    if (orders.length === 0) return;
    compile(directory, orders);
    renameSync(join(directory, NAME), target);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Which functions commands run, as files that Bun writes: a start reads less of the program when those lie together. */
async function bytecodeOrders(root, directory) {
  const orders = [];
  await inTinyStore(root, async ({ run }) => {
    for (const [index, line] of QUICK_LINES.entries()) {
      const written = join(directory, `order-${index}`);
      await run(line, { env: { _TSPOD_BYTECODE_ORDER: written } });
      // What cleans up behind a container has the same variable.
      const kept = `${written}-kept`;
      if (existsSync(written)) renameSync(written, kept);
      if (existsSync(kept)) orders.push(kept);
    }
  });
  return orders;
}

function compile(directory, orders) {
  const args = [
    'build',
    '--compile',
    '--bytecode',
    '--format=cjs',
    '--target=bun',
    '--keep-names',
    // What runs for a moment is not worth the machine code: the same time, a tenth less of the processors.
    '--compile-jit-policy=4',
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    ...(orders.length === 0 ? [] : [`--bytecode-order=${orders.join(',')}`]),
    `--outfile=${NAME}`,
    'quick.js',
  ];
  const env = { PATH: process.env.PATH, HOME: directory, TMPDIR: directory };
  const { status, stderr, error } = spawnSync(BUNDLED_BUN, args, { cwd: directory, env, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`the quick program does not build (status ${status}):\n${stderr}`);
}

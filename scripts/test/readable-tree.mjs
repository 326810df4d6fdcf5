import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUNDLED_NODE, bestNode, CHECKOUT } from '../setup/checkout.mjs';
import { readCommand, runCommand } from '../setup/run-command.mjs';
import { tell } from '../setup/tell.mjs';

const COPIED = [
  'bin',
  'dist',
  'src',
  'test',
  'scripts',
  'completions',
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
  'LICENSE',
  '.cache',
  'node_modules',
];
/** Tools that no test runs; they are half of the size. */
const LEFT_OUT = /node_modules\/(@biomejs|@typescript|typescript)(\/|$)/;

/**
 * Where the integration tests run: the checkout itself, or a copy where it lies in a directory that only root may enter. Tests
 * that root runs need it too, as some of them become an ordinary user.
 */
export function makeReadableTree({ wrap }) {
  const files = ['bin/tspod', 'dist/main.js', 'package.json', 'test/fixtures/harness.ts'];
  const [program, ...args] = wrap(['cat', ...files.map((file) => join(CHECKOUT, file))]);
  if (readCommand(program, args).ok) return { tree: CHECKOUT, node: bestNode(), remove: () => {} };
  const tree = mkdtempSync(join(tmpdir(), 'tspod-tree-'));
  tell(`copying the built tree to ${tree}, which an unprivileged user can read`);
  for (const name of COPIED) {
    const source = join(CHECKOUT, name);
    if (!existsSync(source)) continue;
    const filter = (path) => !LEFT_OUT.test(path);
    cpSync(source, join(tree, name), {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
      filter,
    });
  }
  // Its stamp names the files by their paths: without this the first test that needs a build would make one.
  runCommand(bestNode(), [join(tree, 'scripts/build.mjs')], { cwd: tree });
  runCommand('chmod', ['-R', 'a+rX', tree]);
  const node = existsSync(BUNDLED_NODE) ? join(tree, BUNDLED_NODE.slice(CHECKOUT.length + 1)) : bestNode();
  return { tree, node, remove: () => rmSync(tree, { recursive: true, force: true }) };
}

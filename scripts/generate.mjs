#!/usr/bin/env node
// Writes what is made of the command table: completions/ and test/golden/help/ (committed), dist/man/ (built).
// Runs itself again under the bundled Node, which reads TypeScript, when started by an older one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePackage } from './build/native-parts.mjs';

const root = join(import.meta.dirname, '..');
const OLDEST_THAT_READS_TYPESCRIPT = 24;

if (Number(process.versions.node.split('.')[0]) < OLDEST_THAT_READS_TYPESCRIPT) {
  const node = join(nodePackage(root), 'bin/node');
  process.exit(spawnSync(node, process.argv.slice(1), { stdio: 'inherit' }).status ?? 1);
}

const { commands } = await import('../src/cli/commands/index.ts');
const { SHELLS, completionScript } = await import('../src/cli/generate-completions.ts');
const { manPages } = await import('../src/cli/generate-man.ts');
const { versionOfTspod } = await import('../src/base/build-info.ts');

const completions = join(root, 'completions');
mkdirSync(completions, { recursive: true });
for (const shell of SHELLS) writeFileSync(join(completions, `tspod.${shell}`), completionScript(shell));

const { helpPages } = await import('../src/cli/generate-help.ts');
const help = join(root, 'test/golden/help');
rmSync(help, { recursive: true, force: true });
mkdirSync(help, { recursive: true });
for (const { file, text } of helpPages(commands)) writeFileSync(join(help, file), text);

const man = join(root, 'dist/man');
rmSync(man, { recursive: true, force: true });
mkdirSync(man, { recursive: true });
for (const { file, text } of manPages(commands, versionOfTspod())) writeFileSync(join(man, file), text);

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../../src/cli/commands/index.ts';
import { completionScript, SHELLS } from '../../../src/cli/generate-completions.ts';
import { ENVIRONMENT, manPages } from '../../../src/cli/generate-man.ts';

const COMPLETIONS = join(import.meta.dirname, '../../../completions');

test('the committed completion scripts are what is generated (npm run generate)', () => {
  for (const shell of SHELLS) {
    assert.equal(readFileSync(join(COMPLETIONS, `tspod.${shell}`), 'utf8'), completionScript(shell), shell);
  }
});

test('bash completes with what the program answers', () => {
  const script = `
    fake() { printf 'images\\tList images\\nimage\\tManage images\\n:none\\n'; }
    source ${COMPLETIONS}/tspod.bash
    COMP_WORDS=(fake ima) COMP_CWORD=1 COMP_LINE='fake ima' COMP_POINT=8
    _tspod
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  assert.equal(stdout, 'images\nimage\n', stderr);
});

test('bash completes an alias, too', () => {
  const script = `
    shopt -s expand_aliases
    tspod() { printf '%s\\n:none\\n' "$2"; }
    alias docker=tspod
    source ${COMPLETIONS}/tspod.bash
    COMP_WORDS=(docker ima) COMP_CWORD=1 COMP_LINE='docker ima' COMP_POINT=10
    _tspod
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  assert.equal(stdout, 'ima\n', stderr);
});

test('every command has a man page with its flags, by each of its names', () => {
  const pages = manPages(commands, '1.0');
  const names = commands.filter(({ hidden }) => hidden !== true).flatMap(({ paths }) => paths);
  assert.equal(new Set(pages.map(({ file }) => file)).size, names.length + 1);
  assert.equal(pages.length, names.length + 1);
  const ls = pages.find(({ file }) => file === 'tspod-container-ls.1');
  assert.equal(ls?.text, '.so man1/tspod-ps.1\n');
  const images = pages.find(({ file }) => file === 'tspod-images.1');
  assert.match(images?.text ?? '', /\.B \\-\\-no\\-trunc\n/);
});

test('documents and manual name the same variables of the environment, and each is read', () => {
  const root = join(import.meta.dirname, '../../..');
  const table = readFileSync(join(root, 'docs/files.md'), 'utf8');
  const sources = spawnSync('grep', [
    '-rhoE',
    '[A-Z]+_[A-Z_]+',
    join(root, 'src'),
    '--exclude=generate-man.ts',
  ]);
  const read = new Set(sources.stdout.toString().split('\n'));
  for (const [name] of ENVIRONMENT) {
    assert.match(table, new RegExp(`^\\| .${name}. \\| `, 'm'));
    assert.ok(read.has(name), name);
  }
});

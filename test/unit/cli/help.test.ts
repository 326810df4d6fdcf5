import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UsageError } from '../../../src/base/errors.ts';
import { commands } from '../../../src/cli/commands/index.ts';
import { helpPages } from '../../../src/cli/generate-help.ts';
import { helpFor } from '../../../src/cli/help.ts';
import { parseCommandLine } from '../../../src/cli/parse.ts';
import { layOut } from '../../../src/cli/output/two-columns.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/help');

test('the help of every command is as it was (npm run generate accepts a change)', () => {
  const pages = helpPages(commands);
  assert.deepEqual(readdirSync(GOLDEN).sort(), pages.map(({ file }) => file).sort());
  for (const { file, text } of pages) assert.equal(text, readFileSync(join(GOLDEN, file), 'utf8'), file);
});

test("help is there under every path, with the program's own name", () => {
  assert.match(
    helpFor(['container', 'ls'], commands, 'docker', 0),
    /^Usage:\n {2}docker container ls \[options\]$/m,
  );
});

test('every example is a line of its own command', () => {
  const examples = commands.flatMap((record) => record.examples.map((example) => ({ record, example })));
  // What a shell makes of each, up to a pipe or a redirection.
  const script = examples.map(({ example }) => {
    const line = example.replace(/ (\||>|<|&&) .*$/, '');
    return `set -- ${line}\nfor word; do printf '%s\\0' "$word"; done\nprintf '\\n'`;
  });
  const { stdout, stderr } = spawnSync('sh', { input: script.join('\n'), encoding: 'utf8' });
  assert.equal(stderr, '');
  const lines = stdout.split('\0\n').slice(0, -1);
  assert.equal(lines.length, examples.length);
  for (const [at, { record, example }] of examples.entries()) {
    const parsed = parseCommandLine((lines[at] ?? '').split('\0'), commands, 'tspod');
    assert.equal(parsed.kind === 'command' ? parsed.record : undefined, record, example);
  }
});

test('hidden and refused flags are not in help', () => {
  const text = helpFor(['pull'], commands, 'tspod', 0);
  assert.doesNotMatch(text, /signature-policy/);
});

test('an unknown topic is an error', () => {
  assert.throws(() => helpFor(['foo'], commands, 'tspod', 0), UsageError);
});

test('explanations are broken to the width of the terminal, below each other', () => {
  const text = layOut([{ left: '--a', right: 'one two three four five six' }], 32);
  assert.equal(text, '--a   one two three four five\n      six');
});

test('no line of an explanation begins with a dash, which would look like an option', () => {
  const text = layOut([{ left: '--a', right: 'this is the same as writing --b twice' }], 32);
  assert.doesNotMatch(text, /^\s+-/m);
});

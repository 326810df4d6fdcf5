import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../../../src/cli/commands/index.ts';
import { nouns } from '../../../../src/cli/commands/nouns.ts';
import { globalFlags, rootFlags } from '../../../../src/cli/flags/global.ts';

const ALL_FLAGS = commands.flatMap((record) =>
  Object.entries(record.flags).map(([key, flag]) => ({
    where: `${record.paths[0]} --${flag.long}`,
    key,
    flag,
  })),
);

test('no two commands share a path', () => {
  const paths = commands.flatMap((record) => record.paths);
  assert.deepEqual(
    paths.filter((path, index) => paths.indexOf(path) !== index),
    [],
  );
});

test('no command is also the noun of another', () => {
  const paths = new Set(commands.flatMap((record) => record.paths));
  for (const path of paths) {
    const noun = path.split(' ').slice(0, -1).join(' ');
    assert.ok(!paths.has(noun), `${path}: ${noun} is a command`);
    if (noun !== '') assert.ok(nouns[noun], `${noun} has no words for help`);
  }
});

test('every command has a summary and an example that begins with one of its paths', () => {
  for (const { paths, summary, examples } of commands) {
    assert.match(summary, /^[A-Z].*[^.]$/, paths.join());
    assert.ok(examples.length > 0, `${paths[0]} has no example`);
    for (const example of examples) {
      assert.ok(
        paths.some((path) => example === path || example.startsWith(`${path} `)),
        example,
      );
    }
  }
});

test('within a command no long name, alias or short form means two flags', () => {
  for (const { paths, flags, dockerFlags } of commands) {
    for (const group of [flags, { ...flags, ...dockerFlags }]) {
      const names = Object.values(group).flatMap((flag) => [
        `--${flag.long}`,
        ...(flag.aliases ?? []).map((alias) => `--${alias}`),
        ...(flag.short === undefined ? [] : [`-${flag.short}`]),
      ]);
      assert.deepEqual(
        names.filter((name, index) => names.indexOf(name) !== index),
        [],
        paths.join(),
      );
    }
  }
});

test('the key of a flag is its long name in camel case', () => {
  for (const { where, key, flag } of ALL_FLAGS) {
    assert.equal(
      key,
      flag.long.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
      where,
    );
  }
});

test('every flag has one line of help', () => {
  const groups = [globalFlags, rootFlags].flatMap((group) => Object.values(group));
  for (const flag of [...groups, ...ALL_FLAGS.map((each) => each.flag)]) {
    assert.match(flag.help, /^\S[^\n]*[^.\n]$/, flag.long);
  }
});

test("a default is of the flag's type and among its values", () => {
  for (const { where, flag } of ALL_FLAGS) {
    if (flag.default === undefined) continue;
    const isNumber = ['int', 'uint', 'float'].includes(flag.type);
    const wanted = flag.type === 'bool' ? 'boolean' : isNumber ? 'number' : 'string';
    assert.equal(typeof flag.default, wanted, where);
    if (flag.values !== undefined) assert.ok(flag.values.includes(String(flag.default)), where);
  }
});

test('every command has the module with its handler', () => {
  const records = join(import.meta.dirname, '../../../../src/cli/commands/records');
  for (const { paths, load } of commands) {
    const module = /import\(["'](.+?)["']\)/.exec(load.toString())?.[1];
    assert.ok(module !== undefined && existsSync(join(records, module)), `${paths[0]}: ${module}`);
    assert.match(
      readFileSync(join(records, module), 'utf8'),
      /export (const|async function|function) run\b/,
      module,
    );
  }
});

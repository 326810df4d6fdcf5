import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { PROJECT_ROOT } from '../../fixtures/harness.ts';

type Exports = Readonly<Record<string, unknown>>;
interface Modules {
  groups: { path: string; text: string }[][];
  packages: Set<string>;
}

const { collectModules } = (await import(
  pathToFileURL(join(PROJECT_ROOT, 'scripts/build/modules.mjs')).href
)) as { collectModules: (root: string, entries: string[]) => Promise<Modules> };

const root = mkdtempSync(join(tmpdir(), 'tspod-modules-'));
after(() => rmSync(root, { recursive: true }));

test('a module runs when something of it is first used, and once', async () => {
  const { take, ran } = await bundled({
    'src/main.ts': `import { used } from './used.ts'; import { unused } from './sub/unused.ts';
      export function work() { return used() + used(); } export const later = () => unused;`,
    'src/used.ts': "export function used() { return 'u'; }",
    'src/sub/unused.ts': 'export const unused = 1;',
  });
  const main = take('src/main.ts');
  assert.deepEqual(ran, ['src/main.ts']);
  assert.equal(call(main, 'work'), 'uu');
  assert.deepEqual(ran, ['src/main.ts', 'src/used.ts']);
  assert.equal(call(main, 'later'), 1);
  assert.deepEqual(ran, ['src/main.ts', 'src/used.ts', 'src/sub/unused.ts']);
});

test('functions, classes, constants and what is passed on are exported', async () => {
  const { take } = await bundled({
    'src/main.ts': `import { Base } from './base.ts'; export { Base as Root, one } from './base.ts';
      export class Derived extends Base {} export async function slow() { return 1; } export function* many() { yield 1; }
      const hidden = 3; export { hidden as shown };`,
    'src/base.ts': 'export class Base {} export const one = 1;',
  });
  const main = take('src/main.ts');
  const { Derived, Root } = main as Record<string, new () => object>;
  assert.ok(Derived !== undefined && Root !== undefined && new Derived() instanceof Root);
  assert.deepEqual([main['one'], main['shown']], [1, 3]);
  assert.equal(await call(main, 'slow'), 1);
  assert.deepEqual([...(call(main, 'many') as Iterable<number>)], [1]);
});

test('two modules may need each other', async () => {
  const { take } = await bundled({
    'src/a.ts': "import { b } from './b.ts'; export const fromB = b(); export function a() { return 'a'; }",
    'src/b.ts': "import { a } from './a.ts'; export function b() { return a() + 'b'; }",
  });
  assert.equal(take('src/a.ts')['fromB'], 'ab');
});

test('parts of Node, packages, JSON and what is imported later', async () => {
  const { take, packages } = await bundled({
    'src/main.ts': `import { join } from 'node:path'; import tool, { part } from 'tool'; import data from './data.json' with { type: 'json' };
      export const all = [join('a', 'b'), tool.name, part, data.x]; export const later = () => import('./more.ts');`,
    'src/data.json': '{"x":"caf\u00e9"}',
    'src/more.ts': 'export const more = 2;',
  });
  const main = take('src/main.ts');
  assert.deepEqual(main['all'], ['a/b', 'tool', 'part', 'caf\u00e9']);
  assert.deepEqual([...packages], ['tool']);
  assert.equal(((await call(main, 'later')) as Exports)['more'], 2);
});

test('what does not exist, or has names of the bundle, is told', async () => {
  await assert.rejects(
    bundled({ 'src/main.ts': "export { gone } from './gone.ts';" }),
    /src\/gone\.ts is imported but does not exist/,
  );
  await assert.rejects(bundled({ 'src/main.ts': 'export const $take = 1;' }), /how to treat "\$take"/);
});

function call(exports: Exports, name: string): unknown {
  return (exports[name] as () => unknown)();
}

/** Bundles files, the first of which leads to all; `ran` gets the path of each module that runs. */
async function bundled(files: Record<string, string>) {
  rmSync(join(root, 'src'), { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const { groups, packages } = await collectModules(root, Object.keys(files).slice(0, 1));
  const ran: string[] = [];
  const known = new Map<string, { exports: Exports }>();
  const $take = (group: number, index: number): Exports => {
    const { path, text } = groups[group]?.[index] ?? assert.fail();
    const found = known.get(path);
    if (found !== undefined) return found.exports;
    const module = { exports: {} };
    known.set(path, module);
    ran.push(path);
    const around = runInThisContext(`($take,$package,$builtin)=>${text}`) as (
      ...means: unknown[]
    ) => (module: object) => void;
    around($take, () => ({ name: 'tool', part: 'part' }), process.getBuiltinModule)(module);
    return module.exports;
  };
  const take = (path: string): Exports => {
    const group = groups.findIndex((modules) => modules.some((module) => module.path === path));
    return $take(group, groups[group]?.findIndex((module) => module.path === path) ?? -1);
  };
  return { take, ran, packages };
}

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { PROJECT_ROOT } from '../../fixtures/harness.ts';

const { withoutBarrels } = (await import(
  pathToFileURL(join(PROJECT_ROOT, 'scripts/build/barrels.mjs')).href
)) as { withoutBarrels: () => Plugin };

const root = mkdtempSync(join(tmpdir(), 'tspod-barrels-'));
after(() => rmSync(root, { recursive: true }));

test('who imports a name through a file that only passes names on gets none of the other modules', async () => {
  write('parts/a.ts', 'export const a = 1; export type A = number;');
  write('parts/b.ts', 'export const b = 2;');
  write(
    'all.ts',
    "/** All. */\nexport { a as first, type A } from './parts/a.ts';\nexport { b } from './parts/b.ts';",
  );
  write('use/main.ts', "import { first, type A } from '../all.ts';\nexport const sum: A = first + 1;");
  const inputs = await bundledModules('use/main.ts');
  assert.deepEqual(inputs, ['src/parts/a.ts', 'src/use/main.ts']);
});

test('a file that does more than to pass names on is left in place', async () => {
  write('parts/a.ts', 'export const a = 1;');
  write('more.ts', "export { a } from './parts/a.ts';\nexport const c = 3;");
  write('use/more.ts', "import { a } from '../more.ts';\nexport const sum = a;");
  assert.ok((await bundledModules('use/more.ts')).includes('src/more.ts'));
});

function write(name: string, text: string): void {
  const path = join(root, 'src', name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

async function bundledModules(entry: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`src/${entry}`],
    bundle: true,
    write: false,
    metafile: true,
    format: 'cjs',
    plugins: [withoutBarrels()],
  });
  return Object.keys(metafile.inputs).sort();
}

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative, sep } from 'node:path';
import { describe, test } from 'node:test';
import { type ImportLine, readImports } from './fixtures/read-imports.ts';

const ROOT = join(import.meta.dirname, '..');
const LONGEST_FILE = 500;
const LONGEST_README = 40;

/**
 * Folder of src -> what it may import; `image:types` allows `import type` only, `oci:specs` the documents of the OCI with their
 * validators but not the client that runs programs. The picture is in docs/architecture.md.
 */
const DIRECTIONS: Record<string, readonly string[]> = {
  base: [],
  native: ['base'],
  state: ['base'],
  oci: ['base', 'native'],
  rootless: ['base', 'native'],
  storage: ['base', 'native', 'state', 'oci:specs'],
  specgen: ['base', 'oci:specs'],
  image: ['base', 'native', 'oci', 'state', 'storage'],
  network: ['base', 'native', 'rootless', 'state', 'specgen:types'],
  conmon: ['base', 'native', 'oci'],
  libpod: [
    'base',
    'native',
    'state',
    'oci',
    'rootless',
    'storage',
    'image:types',
    'network',
    'specgen',
    'conmon',
  ],
  // native and state: file contents beneath descriptors and the rows of the cache; conmon: the output of RUN.
  build: [
    'base',
    'native',
    'state',
    'oci',
    'rootless',
    'storage',
    'image',
    'network',
    'specgen',
    'conmon',
    'libpod',
  ],
  systemd: ['base', 'specgen:types'],
  kube: ['base', 'specgen', 'oci:specs'],
  engine: [
    'base',
    'native',
    'state',
    'oci',
    'rootless',
    'storage',
    'image',
    'network',
    'specgen',
    'conmon',
    'libpod',
    'build',
    'systemd',
    'kube',
  ],
  api: ['base', 'engine', 'specgen', 'systemd'],
  cli: [
    'base',
    'engine',
    'specgen',
    'systemd',
    'rootless:types',
    'image:types',
    'storage:types',
    'libpod:types',
  ],
};

const SPECS = /\/(image-spec|runtime-spec|runtime-json)\.ts$/;

/** Third-party package -> the only files that import it, so that it can be replaced in one place. */
const DOORWAYS: Record<string, RegExp> = {
  'better-sqlite3': /^state\/db\.ts$/,
  'proper-lockfile': /^storage\/lease\.ts$/,
  'smol-toml': /^(base\/containers-conf|image\/registries-conf)\.ts$/,
  tar: /^storage\/tar\/tar-(header|writer)\.ts$/,
  yaml: /^base\/yaml\.ts$/,
  undici: /^image\/registry-http\.ts$/,
};

const sources = filesBelow(join(ROOT, 'src')).filter((file) => file.endsWith('.ts'));
const imports = sources.flatMap((file) =>
  readImports(readFileSync(file, 'utf8')).map((line) => ({ file, folder: folderOf(file), ...line })),
);

describe('the source tree', () => {
  test('imports only in the directions that the architecture allows', () => {
    const wrong = imports.filter((line) => line.from.startsWith('.')).filter(isWrongDirection);
    assert.deepEqual(wrong.map(describeImport), []);
  });

  test('has a place in the table of directions for every folder', () => {
    const folders = readdirSync(join(ROOT, 'src'));
    assert.deepEqual(
      folders.filter((folder) => DIRECTIONS[folder] === undefined),
      [],
    );
  });

  test('has no cycle of imports', () => {
    assert.deepEqual(findCycles(), []);
  });

  test('imports each third-party package through one doorway', () => {
    const wrong = imports.filter(({ from, file }) => {
      if (from.startsWith('.') || from.startsWith('node:')) return false;
      const doorway = DOORWAYS[packageName(from)];
      return doorway === undefined || !doorway.test(inSource(file));
    });
    assert.deepEqual(wrong.map(describeImport), []);
  });

  test('imports by relative paths that end in .ts', () => {
    const wrong = imports.filter(({ from }) => from.startsWith('.') && !/\.(ts|json)$/.test(from));
    assert.deepEqual(wrong.map(describeImport), []);
  });

  test('has no folder without a README of its job and promises', () => {
    const missing = readdirSync(join(ROOT, 'src')).filter((folder) => {
      const readme = join(ROOT, 'src', folder, 'README.md');
      return !existsSync(readme) || lineCount(readme) > LONGEST_README;
    });
    assert.deepEqual(missing, []);
  });
});

test('package-lock.json names the optional packages for every platform: `npm ci` refuses it otherwise', () => {
  const lock: unknown = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const { packages } = lock as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
    .filter((name) => packages[`node_modules/${name}`] === undefined);
  assert.deepEqual(missing, []);
});

describe('every file of the project', () => {
  const code = ['src', 'test', 'scripts'].flatMap((folder) => filesBelow(join(ROOT, folder)));

  test(`is at most ${LONGEST_FILE} lines long`, () => {
    const long = code.filter((file) => /\.(ts|mjs|c|h|py)$/.test(file) && lineCount(file) > LONGEST_FILE);
    assert.deepEqual(long.map(inProject), []);
  });

  test('is named after what it holds', () => {
    const nameless = /^(utils?|helpers?|misc|common)$/;
    const wrong = code.filter((file) =>
      inProject(file)
        .split('/')
        .some((part) => nameless.test(part.replace(/\..*$/, ''))),
    );
    assert.deepEqual(wrong.map(inProject), []);
  });

  test('has no type that switches the checker off', () => {
    const off = /:\s*any\b|\bas any\b|<any>|\bany\[\]|@ts-(ignore|nocheck|expect-error)/;
    const wrong = code
      .filter((file) => file.endsWith('.ts') && !file.endsWith('architecture.test.ts'))
      .filter((file) => off.test(withoutComments(readFileSync(file, 'utf8'))));
    assert.deepEqual(wrong.map(inProject), []);
  });

  test('works at any place: no absolute path of somebody’s checkout, no private registry', () => {
    const files = [
      ...code,
      ...['docs', 'completions', '.ci'].flatMap((folder) => filesBelow(join(ROOT, folder))),
    ];
    const tops = [
      'README.md',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'package.json',
      'biome.json',
      'tsconfig.json',
    ];
    files.push(...tops.map((name) => join(ROOT, name)));
    const workplace = new RegExp(['/work', '(main|shared|tmp)\\b'].join('/'));
    const wrong = files.filter((file) => workplace.test(readFileSync(file, 'utf8')));
    assert.deepEqual(wrong.map(inProject), []);
    const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
    const hosts = [...lock.matchAll(/"resolved": "https?:\/\/([^/"]+)/g)].map((match) => match[1]);
    assert.deepEqual(
      hosts.filter((host) => host !== 'registry.npmjs.org'),
      [],
    );
  });
});

type FoundImport = ImportLine & { file: string; folder: string };

function isWrongDirection({ file, folder, from, typeOnly }: FoundImport): boolean {
  const target = folderOf(normalize(join(dirname(file), from)));
  if (target === folder || target === '..') return false;
  // The server is a world of its own, loaded when asked for; and docker's store describes containers in its API's words.
  if (folder === 'cli' && target === 'api' && /\/api\/(server|compat\/create-body)\.ts$/.test(from))
    return false;
  const allowed = DIRECTIONS[folder] ?? [];
  if (allowed.includes(target) || (typeOnly && allowed.includes(`${target}:types`))) return false;
  return !(allowed.includes(`${target}:specs`) && (typeOnly || SPECS.test(from)));
}

/** Depth first over imports that exist at run time; types are gone by then. */
function findCycles(): string[] {
  const edges = new Map<string, string[]>();
  for (const { file, from, typeOnly, dynamic } of imports) {
    if (typeOnly || dynamic || !from.startsWith('.')) continue;
    edges.set(file, [...(edges.get(file) ?? []), normalize(join(dirname(file), from))]);
  }
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].map(inSource).join(' -> '));
      return;
    }
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  return cycles;
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(o|node|so)$|\.new/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function describeImport({ file, from }: FoundImport): string {
  return `${inSource(file)} imports ${from}`;
}

function folderOf(file: string): string {
  return relative(join(ROOT, 'src'), file).split(sep)[0] ?? '';
}

function inSource(file: string): string {
  return relative(join(ROOT, 'src'), file);
}

function inProject(file: string): string {
  return relative(ROOT, file) || basename(file);
}

function packageName(from: string): string {
  const parts = from.split('/');
  return from.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? from);
}

function lineCount(file: string): number {
  return readFileSync(file, 'utf8').trimEnd().split('\n').length;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}

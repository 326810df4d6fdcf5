import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
const FORWARD = /export\s+(type\s+)?\{([^}]*)\}\s+from\s+'([^']+)';/g;
const IMPORT = /^import\s+\{([^}]*)\}\s+from\s+'(\.[^']+\.ts)';/gm;

/**
 * A file that only passes on what others export would have every importer of one name run the modules of all. Its importers get each
 * name from where it comes instead.
 */
export function withoutBarrels() {
  const known = new Map();
  const barrelAt = (path) => {
    if (!known.has(path)) known.set(path, existsSync(path) ? readBarrel(path) : undefined);
    return known.get(path);
  };
  return {
    name: 'without-barrels',
    setup(setup) {
      setup.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
        contents: readFileSync(path, 'utf8').replace(IMPORT, (whole, list, from) => {
          const barrel = barrelAt(join(dirname(path), from));
          return barrel === undefined ? whole : (importDirectly(dirname(path), list, barrel) ?? whole);
        }),
        loader: 'ts',
      }));
    },
  };
}

/** Each name that a file passes on, with the file and the name that it comes from; undefined where it does anything else. */
function readBarrel(path) {
  const text = readFileSync(path, 'utf8').replace(COMMENT, '');
  if (text.replace(FORWARD, '').trim() !== '') return undefined;
  const names = new Map();
  for (const [, , list, from] of text.matchAll(FORWARD)) {
    for (const { name, as } of parseList(list)) names.set(as, { name, from: join(dirname(path), from) });
  }
  return names;
}

/** Undefined where a name is not among them: the bundler then says what is missing. */
function importDirectly(directory, list, barrel) {
  const lines = [];
  for (const { name, as, isType } of parseList(list)) {
    const source = barrel.get(name);
    if (source === undefined) return undefined;
    if (isType) continue;
    const path = relative(directory, source.from);
    lines.push(`import { ${source.name} as ${as} } from './${path}';`.replace("'./../", "'../"));
  }
  return lines.join(' ');
}

/** `type A, b, c as d` */
function parseList(list) {
  return list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const isType = entry.startsWith('type ');
      const [name, as = name] = entry.replace(/^type\s+/, '').split(/\s+as\s+/);
      return { name, as, isType };
    });
}

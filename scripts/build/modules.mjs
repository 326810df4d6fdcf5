import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transform } from 'esbuild';

/** Not among the modules: it is what loads them. */
const LOADER = 'src/cli/bundle-files.ts';

/** What of a program's text stays the same in every file of the bundle. */
export const SETTINGS = {
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  // Names stay: exit codes go by the class of an error, and stacks should be readable.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  supported: { 'dynamic-import': false },
  define: {
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
    'import.meta.url': 'moduleUrl',
    'import.meta.bundle': 'ABOUT',
  },
};

/**
 * Every module that is reached from `entries` (paths below `root`), in groups of those that lie in one directory:
 * `groups` as lists of { path, text }, where `text` is a function `(module)` around the module, in CommonJS; `packages`: the
 * names of the npm packages that are asked for. `$take(group, index)` in it gives what another module exports,
 * `$package(name)` what a package does, both when something of it is first used: what no command asks for does not run.
 */
export async function collectModules(root, entries) {
  const sources = await readAll(root, entries);
  const places = placeOf([...sources.keys()]);
  const packages = new Set();
  const groups = [];
  for (const [path, source] of sources) {
    const [group, index] = places.get(path);
    groups[group] ??= [];
    const nameOf = (specifier) => reference(path, specifier, places, packages);
    groups[group][index] = { path, text: wrap(source, nameOf) };
  }
  return { groups, places, packages };
}

/** Each module's CommonJS text by its path, following all that it imports, also later. */
async function readAll(root, entries) {
  const sources = new Map();
  let next = new Set(entries);
  while (next.size > 0) {
    const texts = await Promise.all([...next].map(async (path) => [path, await toCommonJs(root, path)]));
    next = new Set();
    for (const [path, text] of texts) {
      sources.set(path, text);
      for (const [, specifier] of text.matchAll(REQUIRE)) next.add(modulePath(path, specifier));
    }
    for (const path of next)
      if (!SOURCE.test(path) || path === LOADER || sources.has(path)) next.delete(path);
  }
  return new Map([...sources].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Of a module that another one names; what is no file of ours stays as it is. */
function modulePath(from, specifier) {
  return specifier.startsWith('.') ? join(dirname(from), specifier) : specifier;
}

async function toCommonJs(root, path) {
  const file = join(root, path);
  if (!existsSync(file)) throw new Error(`${path} is imported but does not exist`);
  const text = readFileSync(file, 'utf8');
  if (path.endsWith('.json')) return `module.exports={default:${JSON.stringify(JSON.parse(text))}};`;
  const { code } = await transform(text, { ...SETTINGS, loader: 'ts', sourcefile: path });
  return asAscii(code.trimEnd());
}

/** Group (a directory) and index in it. */
function placeOf(paths) {
  const directories = [...new Set(paths.map((path) => dirname(path)))];
  const counts = directories.map(() => 0);
  return new Map(
    paths.map((path) => {
      const group = directories.indexOf(dirname(path));
      return [path, [group, counts[group]++]];
    }),
  );
}

const SOURCE = /^src\/.*\.(?:ts|json)$/;
const REQUIRE = /\brequire\("([^"]+)"\)/g;
/** How esbuild writes an import of names, and one of a default. */
const IMPORTS = /\b(import_\w+)=(?:(__toESM\()require\("([^"]+)"\)\)|require\("([^"]+)"\))/g;
const LATER = /\b__toESM\(require\("([^"]+)"\)\)/g;
const EXPORTS = /^[\s\S]*?\b__export\(\w+,\{(.*?)\}\);module\.exports=__toCommonJS\(\w+\);/;
/** For tools that read a file without running it. */
const HINT = /0&&\(module\.exports=\{[^}]*\}\);?$/;
/** An exported function is called without its module as `this`; ours do not look at it. */
const CALL = /(\w?)\(0,(import_\w+\.\w+)\)\(/g;
const RESERVED = /\$(?:take|package|builtin|loader|exported)\b/;
const HELPERS =
  /\b__(?:toESM|toCommonJS|export|copyProps|defProp|create|name|esm|commonJS|using|decorate)\w*/;

/** `nameOf` gives the expression for a specifier. */
function wrap(source, nameOf) {
  const targets = new Map();
  const { head, body, tail } = withPlainExports(source);
  const text = body
    .replace(IMPORTS, (_, name, isDefault, first, second) => {
      const target = nameOf(first ?? second);
      targets.set(
        name,
        isDefault === undefined || target.startsWith('$take(')
          ? target
          : `(all=>({__proto__:all,default:all}))(${target})`,
      );
      return name;
    })
    .replace(LATER, (_, specifier) => nameOf(specifier));
  const lazily = (code) =>
    code.replace(/ ?\b(import_\w+)\./g, (whole, name) =>
      targets.has(name) ? `(${name}??=${targets.get(name)}).` : whole,
    );
  const result = `function(module){${lazily(head)}${lazily(text)}${tail}}`;
  const left = RESERVED.exec(source) ?? HELPERS.exec(result) ?? /\brequire\(/.exec(result);
  if (left !== null)
    throw new Error(`the bundle does not know how to treat "${left[0]}" in: ${source.slice(0, 200)}`);
  return result;
}

/**
 * An object of getters, as esbuild makes it, costs at every start more than most modules do: functions are exported as they are
 * before the module runs, so that modules may ask for each other's in a circle, the rest when it has run. Without a prototype V8 keeps
 * no shape for each of these objects.
 */
function withPlainExports(source) {
  const found = EXPORTS.exec(source);
  // What JSON has become.
  if (found === null) return { head: '', body: source, tail: '' };
  const body = source.slice(found[0].length).replace(HINT, '').replaceAll(CALL, '$1 $2(');
  const early = [];
  const late = [];
  for (const entry of found[1].split(',')) {
    const [name, value] = entry.split(':()=>');
    if (value.includes('.')) early.push(`get ${name}(){return ${value}}`);
    else if (isFunction(body, value)) early.push(name === value ? name : `${name}:${value}`);
    else {
      early.push(`${name}:void 0`);
      late.push(`$exported.${name}=${value};`);
    }
  }
  const object = `module.exports={__proto__:null,${early.join(',')}};`;
  if (late.length === 0) return { head: object, body, tail: '' };
  return { head: `const $exported=${object}`, body, tail: `;${late.join('')}` };
}

function isFunction(body, name) {
  return new RegExp(`(?:^|[;}])(?:async )?function\\*? ?${name.replaceAll('$', '\\$')}\\(`).test(body);
}

function reference(path, specifier, places, packages) {
  if (specifier.startsWith('node:')) return `$builtin("${specifier}")`;
  const wanted = modulePath(path, specifier);
  if (wanted === LOADER) return '$loader';
  if (wanted !== specifier) return `$take(${places.get(wanted).join(',')})`;
  packages.add(specifier);
  return `$package("${specifier}")`;
}

/**
 * Node keeps a text with any other character in it at two bytes each, and reads it several times as slowly. esbuild leaves them in
 * regular expressions.
 */
export function asAscii(text) {
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { withoutBarrels } from './barrels.mjs';
import {
  BUILD,
  COLD_FILE,
  cutDynamicImports,
  HOT_FILE,
  missingModules,
  packageFile,
  packagesApart,
  takeFrom,
  VIEW_FILE,
} from './bundle-plugins.mjs';
import { hotRoots, viewRoots } from './hot-roots.mjs';
import { packageLicences } from './licences.mjs';

/** Commands that are still running may load a file of the bundle before; those stay for a while. */
const KEEP_OLD_FILES_MS = 600_000;

/**
 * main.js loads the hot file, in which all is that starting and ending containers needs; what the other quick commands need is in
 * the view file, the rest in the cold file, npm packages and worker threads in files of their own. Every further file costs a command
 * more than the bytes in it, and so does ESM: hence few files, in CommonJS, whose modules run when they are first used. Those called
 * chunk-… are loaded by src/cli/bundle-files.ts.
 * All lie flat in dist/, as code that looks for its neighbours (native/, build.json) expects.
 */
export async function bundle(root, dist) {
  const { hot, view, viewEntries, coldRoots } = await partition(root);
  const packages = new Set();
  const shared = [packagesApart(packages), missingModules(root)];
  const texts = new Map();
  const inputs = {};
  const add = async (name, options) => {
    const { text, metafile } = await bundleOne(root, options);
    texts.set(name, text);
    Object.assign(inputs, metafile.inputs);
  };
  // What a module exports is only listed where another file takes it: listing takes time at every start.
  const offered = { hot: new Set(hotRoots()), view: new Set(viewEntries) };
  const fromHot = takeFrom(root, HOT_FILE, (path) => hot.has(path), offered.hot);
  const fromView = takeFrom(root, VIEW_FILE, (path) => view.has(path), offered.view);
  const fromCold = takeFrom(root, COLD_FILE, (path) => coldRoots.includes(path));
  const forMain = takeFrom(root, HOT_FILE, (path) => hot.has(path), offered.hot, LOADER);
  await add('main.js', { entry: 'src/cli/main.ts', plugins: [forMain] });
  await add(COLD_FILE, { modules: coldRoots, plugins: [fromHot, fromView, ...shared] });
  const viewPlugins = [fromHot, fromCold, ...shared];
  await add(VIEW_FILE, { modules: [...offered.view].sort(), plugins: viewPlugins });
  // The hot file last: it offers what all the others take.
  await add(HOT_FILE, { modules: [...offered.hot].sort(), plugins: [fromView, fromCold, ...shared] });
  for (const worker of workers(root)) {
    await add(basename(worker).replace(/\.ts$/, '.js'), { entry: worker, plugins: [missingModules(root)] });
  }
  for (const name of packages) await add(packageFile(name), { entry: name, plugins: [], isPackage: true });
  const files = withHash(texts);
  files.set('package.json', '{"type":"commonjs"}\n');
  files.set('LICENSES.txt', packageLicences(root, inputs));
  // main.js comes last: whoever starts it finds all that it loads.
  const order = [...files.keys()].sort((a, b) => Number(a === 'main.js') - Number(b === 'main.js'));
  for (const name of order) writeInPlace(join(dist, name), files.get(name));
  removeOldFiles(dist, files);
}

/** The modules of the hot file, those of the view file, and the roots of what is loaded beyond them. */
async function partition(root) {
  const hot = await closure(root, hotRoots());
  const view = await closure(root, viewRoots(root));
  for (const path of hot.modules) view.modules.delete(path);
  const later = new Set([...hot.loadedLater, ...view.loadedLater]);
  const isElsewhere = (path) => hot.modules.has(path) || view.modules.has(path);
  return {
    hot: hot.modules,
    view: view.modules,
    viewEntries: [...viewRoots(root), ...hot.loadedLater].filter((path) => view.modules.has(path)),
    coldRoots: [...later].filter((path) => !isElsewhere(path) && existsSync(join(root, path))).sort(),
  };
}

/** All that these modules import statically, and what is loaded from there by import(). */
async function closure(root, roots) {
  const loadedLater = new Set();
  const { metafile } = await build({
    ...SETTINGS,
    absWorkingDir: root,
    entryPoints: roots,
    outdir: 'unused',
    write: false,
    metafile: true,
    packages: 'external',
    plugins: [cutDynamicImports(root, loadedLater), missingModules(root), withoutBarrels()],
  });
  const modules = Object.keys(metafile.inputs).filter(
    (path) => path.startsWith('src/') && path.endsWith('.ts'),
  );
  return { modules: new Set(modules), loadedLater };
}

/** How main.js, which Node loads, gets at the files that it does not. */
const LOADER = 'require("./src/cli/bundle-files.ts").loadBundleFile';

const SETTINGS = {
  bundle: true,
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
    'import.meta.hotFile': JSON.stringify(`./${HOT_FILE}`),
  },
  banner: {
    js: `const moduleUrl="file://"+encodeURI(__filename),lazily=name=>{let loaded;return new Proxy({},{get:(_,key)=>(loaded??=require(name))[key]})};`,
  },
};

/** These are in Node's snapshot or needed by everything: a proxy would only slow them down. */
const CHEAP = ['fs', 'path', 'os', 'module', 'url', 'process', 'buffer', 'events', 'timers'];
const IMPORT = new RegExp(
  `(\\bimport_\\w+)=require\\(("(?:node:(?!(?:${CHEAP.join('|')})")[^"]+|\\./chunk-package_\\w+\\.js)")\\)(?=[,;}])`,
  'g',
);

/**
 * crypto, stream, zlib and the like take milliseconds to load: each is loaded when something of it is first used. Only for
 * named imports, which esbuild calls import_...: those are never used but by their members.
 */
function withLazyImports(text) {
  return text.replace(IMPORT, '$1=lazily($2)');
}

const STAND_IN = /\b(require_\w+)=__commonJS\(\{"in-chunk-/g;

/**
 * One file takes modules of another as they are: their names are never changed, and nobody asks for a default export, so copies of
 * what they export (which esbuild makes to be like Node) would only take time.
 */
function withoutCopies(text) {
  const standIns = new Set(Array.from(text.matchAll(STAND_IN), ([, name]) => name));
  return text
    .replace(/\b__toESM\((require_\w+)\(\),1\)/g, (whole, name) => (standIns.has(name) ? `${name}()` : whole))
    .replace(/\b__toCommonJS\((\w+_exports)\)/g, '$1');
}

/**
 * Node keeps a text with any other character in it at two bytes each, and reads it several times as slowly. esbuild leaves them in
 * regular expressions.
 */
function asAscii(text) {
  return text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A script whose value is the function around the module, as src/cli/bundle-files.ts calls it. */
function asFunction(text) {
  return `function bundled(exports,require,module,__filename,__dirname){${text}\n}bundled`;
}

/** One file: a program, or a table of modules by name that run when they are asked for. */
async function bundleOne(root, { entry, modules, plugins, isPackage = false }) {
  const table = modules
    ?.map((path) => `${JSON.stringify(path)}:()=>require(${JSON.stringify(`./${path}`)})`)
    .join(',');
  const result = await build({
    ...SETTINGS,
    absWorkingDir: root,
    ...(entry === undefined
      ? { stdin: { contents: `exports.modules={${table}};`, resolveDir: root, loader: 'js' } }
      : { entryPoints: [entry] }),
    outdir: 'unused',
    write: false,
    metafile: true,
    plugins: [...plugins, withoutBarrels()],
  });
  const { text } = result.outputFiles[0];
  const own = asAscii(isPackage ? text : withLazyImports(withoutCopies(text)));
  return { text: modules === undefined && !isPackage ? own : asFunction(own), metafile: result.metafile };
}

/** Every module that runs in a worker thread. */
function workers(root) {
  return readdirSync(join(root, 'src'), { recursive: true })
    .filter((file) => file.endsWith('-worker.ts'))
    .map((file) => `src/${file}`);
}

/** All names carry the hash of the whole, so that files of two builds never meet. */
function withHash(texts) {
  const hash = createHash('sha256');
  for (const text of texts.values()) hash.update(text);
  const build = hash.digest('hex').slice(0, 8);
  const resolved = (text) => text.replaceAll(new RegExp(`(chunk-\\w+_)${BUILD}\\.js`, 'g'), `$1${build}.js`);
  return new Map([...texts].map(([name, text]) => [resolved(name), resolved(text)]));
}

function writeInPlace(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function removeOldFiles(dist, files) {
  for (const name of readdirSync(dist)) {
    const isOurs = name.endsWith('.js') || name.endsWith('-bytecode');
    if (!isOurs || files.has(name.replace(/\.js\..*/, '.js'))) continue;
    const path = join(dist, name);
    if (Date.now() - statSync(path).mtimeMs > KEEP_OLD_FILES_MS) rmSync(path);
  }
}

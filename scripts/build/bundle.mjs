import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { build } from 'esbuild';
import { packageLicences } from './licences.mjs';
import { asAscii, collectModules, SETTINGS } from './modules.mjs';
import { PROFILES } from './profiles.mjs';

/** Commands that are still running may load a file of the bundle before; those stay for a while. */
const KEEP_OLD_FILES_MS = 600_000;

/**
 * main.js loads the one file that holds all modules, each in a function of its own that runs when it is first asked for; npm packages
 * and worker threads have files of their own. Every further file costs a command more than the bytes in it, and so does ESM. Those
 * called chunk-… are loaded by src/cli/bundle-files.ts. Returns `quick`: the whole text of the quick program. All lie flat in dist/, as code that looks for its neighbours (native/,
 * build.json) expects.
 */
export async function bundle(root, dist) {
  const { groups, places, packages } = await collectModules(root, modulesOfMain(root));
  const texts = new Map();
  const inputs = {};
  const add = async (name, options) => {
    const result = await build({ ...SETTINGS, ...options, absWorkingDir: root, ...IN_MEMORY });
    Object.assign(inputs, result.metafile.inputs);
    texts.set(name, asAscii(result.outputFiles[0].text));
  };
  texts.set(MODULES_FILE, moduleFile(groups));
  for (const name of packages) await add(packageFile(name), { entryPoints: [name], plugins: [leaveOut] });
  for (const name of packages) texts.set(packageFile(name), asPackage(texts.get(packageFile(name))));
  const about = JSON.stringify({ file: MODULES_FILE, profiles: Object.keys(PROFILES) });
  const main = (loader) => ({
    entryPoints: [MAIN],
    banner: { js: `const ABOUT=${about};` },
    // Compiled at every start, as it loads the bytecode of all others.
    minifyIdentifiers: true,
    plugins: [takeModules(root, places, loader)],
  });
  await add(QUICK_FILE, main('./quick-files.ts'));
  texts.set(QUICK_FILE, quickProgram(texts, packages));
  await add('main.js', main('./bundle-files.ts'));
  for (const worker of workers(root)) {
    await add(basename(worker).replace(/\.ts$/, '.js'), { entryPoints: [worker], banner: URL_OF_FILE });
  }
  const files = withHash(texts);
  const quick = files.get(QUICK_FILE);
  files.delete(QUICK_FILE);
  files.set('package.json', '{"type":"commonjs"}\n');
  files.set('LICENSES.txt', packageLicences(root, inputs));
  // main.js comes last: whoever starts it finds all that it loads.
  const order = [...files.keys()].sort((a, b) => Number(a === 'main.js') - Number(b === 'main.js'));
  for (const name of order) writeInPlace(join(dist, name), files.get(name));
  removeOldFiles(dist, files);
  return { quick };
}

const MAIN = 'src/cli/main.ts';
const IMPORT_LATER = /\bimport\('(\.[^']+)'\)/g;
const IN_MEMORY = { bundle: true, outdir: 'unused', write: false, metafile: true };
const URL_OF_FILE = { js: 'const moduleUrl="file://"+encodeURI(__filename);' };

/** Stands for the hash of the build in file names until it is known. */
const BUILD = 'BUILD';
const QUICK_FILE = 'quick.js';
/** What of a package nobody here calls, and what asks for parts of Node that no command needs otherwise. */
const leaveOut = {
  name: 'leave-out',
  setup(setup) {
    setup.onLoad({ filter: /\/better-sqlite3\/lib\/methods\/backup\.js$/ }, () => ({ contents: '' }));
  },
};
/** The client for registries is as long as all of our own that a command runs. */
const WHOLE_ONLY = ['undici'];
const MODULES_FILE = `chunk-modules_${BUILD}.js`;

function packageFile(name) {
  return `chunk-package_${name.replace(/\W/g, '_')}_${BUILD}.js`;
}

/** Whatever main.ts imports, with all that follows from there, is in the file of the modules. */
function modulesOfMain(root) {
  const text = readFileSync(join(root, MAIN), 'utf8');
  return Array.from(text.matchAll(IMPORT_LATER), ([, path]) => relative(root, join(root, MAIN, '..', path)));
}

/** main.ts gets at the modules through the loader, which becomes a part of main.js. */
function takeModules(root, places, loader) {
  const placeOf = (path) => places.get(relative(root, join(root, MAIN, '..', path))).join(',');
  return {
    name: 'take-modules',
    setup(setup) {
      setup.onLoad({ filter: /\/src\/cli\/main\.ts$/ }, ({ path }) => ({
        contents: `import{takeModule}from'${loader}';${readFileSync(path, 'utf8').replace(
          IMPORT_LATER,
          (_, module) => `Promise.resolve(takeModule(${placeOf(module)}))`,
        )}`,
        loader: 'ts',
      }));
    },
  };
}

/** A script whose value is the function that src/cli/bundle-files.ts calls. A group is opened when one of its modules is asked for. */
function moduleFile(groups) {
  const table = groups.map((group) => `()=>[${group.map(({ text }) => text).join(',\n')}]`).join(',\n');
  const parameters = '$take,$package,$builtin,$loader,__filename,__dirname,moduleUrl,ABOUT';
  return `function bundled(${parameters}){"use strict";return[${table}]}bundled`;
}

function asPackage(text) {
  return `function bundled(exports,require,module,__filename,__dirname){${text}\n}bundled`;
}

/** One text with all modules and packages, for the quick program: what it does not do needs those that are left out. */
function quickProgram(texts, packages) {
  const taken = [...packages].filter((name) => !WHOLE_ONLY.includes(name));
  const entries = taken.map((name) => `"${name}":${texts.get(packageFile(name)).replace(/bundled$/, '')}`);
  const modules = texts.get(MODULES_FILE).replace(/bundled$/, '');
  return `${modules}\nconst bundledPackages={${entries.join(',\n')}};\n${texts.get(QUICK_FILE)}`;
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

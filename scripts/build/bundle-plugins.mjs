import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The package whose code belongs into the hot file: everything needs the database. */
const HOT_PACKAGE = 'better-sqlite3';
const SOURCE = /^\.\.?\/.*\.ts$/;

/** Stands for the hash of the build in file names until it is known. */
export const BUILD = 'BUILD';
export const HOT_FILE = `chunk-hot_${BUILD}.js`;
export const VIEW_FILE = `chunk-view_${BUILD}.js`;
export const COLD_FILE = `chunk-cold_${BUILD}.js`;

export function packageFile(name) {
  return `chunk-package_${name.replace(/\W/g, '_')}_${BUILD}.js`;
}

/** While a feature is being written its modules may not all be there: the build names them, and using them fails. */
export function missingModules(root) {
  const named = new Set();
  return {
    name: 'missing-modules',
    setup(setup) {
      setup.onResolve({ filter: SOURCE }, (args) => {
        const path = join(args.resolveDir, args.path);
        if (existsSync(path)) return undefined;
        const shown = relative(root, path);
        if (!named.has(shown)) {
          process.stderr.write(`build: ${shown} is missing (needed by ${relative(root, args.importer)})\n`);
        }
        named.add(shown);
        return { path: shown, namespace: 'missing' };
      });
      setup.onLoad({ filter: /.*/, namespace: 'missing' }, (args) => ({
        // In CommonJS form any name may be imported from it; loading it is what fails.
        contents: `module.exports={};throw new Error(${JSON.stringify(`${args.path} was missing when this was built`)});`,
      }));
    },
  };
}

/** Leaves out what import() loads, and reports it. */
export function cutDynamicImports(root, found) {
  return {
    name: 'cut-dynamic-imports',
    setup(setup) {
      setup.onResolve({ filter: SOURCE }, (args) => {
        if (args.kind !== 'dynamic-import') return undefined;
        found.add(relative(root, join(args.resolveDir, args.path)));
        return { path: args.path, external: true };
      });
    },
  };
}

/**
 * Modules for which `isElsewhere` holds are taken from another file of the bundle, when they are first used. `taken` gets their
 * names: that file has to offer them. `load` is the function that loads a file of the bundle, as source text.
 */
export function takeFrom(root, file, isElsewhere, taken = new Set(), load = 'require') {
  const namespace = `in-${file}`;
  return {
    name: namespace,
    setup(setup) {
      setup.onResolve({ filter: SOURCE }, (args) => {
        if (args.kind === 'entry-point' || args.kind === 'require-call') return undefined;
        const path = relative(root, join(args.resolveDir, args.path));
        if (!isElsewhere(path, args.kind)) return undefined;
        taken.add(path);
        return { path, namespace };
      });
      setup.onLoad({ filter: /.*/, namespace }, (args) => ({
        contents: `module.exports=${load}("./${file}").modules[${JSON.stringify(args.path)}]();`,
        resolveDir: root,
      }));
      setup.onResolve({ filter: /^\.\/chunk-/ }, (args) => ({ path: args.path, external: true }));
    },
  };
}

/** npm packages have files of their own. */
export function packagesApart(packages) {
  return {
    name: 'packages-apart',
    setup(setup) {
      setup.onResolve({ filter: /^[@a-z]/ }, (args) => {
        const isOurs = !args.importer.includes('/node_modules/') && args.kind !== 'entry-point';
        if (!isOurs || args.path === HOT_PACKAGE || args.path.startsWith('node:')) return undefined;
        packages.add(args.path);
        return { path: `./${packageFile(args.path)}`, external: true };
      });
    },
  };
}

import { dirname } from 'node:path';
import { type BundleFunction, moduleTable, type PackageFunction } from './module-table.ts';

/** The modules and the packages that the daily round needs: the build puts them before this. */
declare const bundled: BundleFunction;
declare const bundledPackages: Readonly<Record<string, PackageFunction>>;

/** The quick program lies beside the bundle; its own files are inside it. */
const here = dirname(process.execPath);
const packages = new Map<string, { exports: unknown }>();

/** What a module exports. Throws what the module throws. */
export const takeModule = moduleTable(() => {
  const filename = `${here}/${import.meta.bundle?.file}`;
  const url = `file://${encodeURI(filename)}`;
  const loader = { takeModule, takePackage };
  return bundled(
    takeModule,
    takePackage,
    process.getBuiltinModule,
    loader,
    filename,
    here,
    url,
    import.meta.bundle,
  );
});

/** What an npm package exports. */
function takePackage(name: string): unknown {
  const known = packages.get(name);
  if (known !== undefined) return known.exports;
  const run = bundledPackages[name];
  if (run === undefined) throw new Error(`the quick program has no package ${name}`);
  const module = { exports: {} };
  packages.set(name, module);
  run(module.exports, requireForPackage, module, process.execPath, here);
  return module.exports;
}

function requireForPackage(name: string): unknown {
  if (!name.endsWith('.node')) return process.getBuiltinModule(name);
  const module = { exports: {} };
  process.dlopen(module, name);
  return module.exports;
}

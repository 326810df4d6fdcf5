import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { type BundleFunction, type ModuleGroups, moduleTable, type PackageFunction } from './module-table.ts';

/** The two calls of the addon that are needed before everything else. */
interface Mappings {
  mapText(path: string): string;
  mapBytes(path: string): Buffer;
}

/** Where the addon waits for whoever needs its system calls: `linux.ts` is a module of the bundle. */
const LOADED_ADDON = Symbol.for('tspod.addon');

/** Bytecode of command lines that have none of their own. */
const OTHER = 'other';

/** The directory of the bundle. */
const here = import.meta.dirname;
/** What has been loaded, by file. */
export const scripts = new Map<string, Script>();
const packages = new Map<string, { exports: unknown }>();
let groups: ModuleGroups | undefined;

/** What a module exports. Throws what the module throws. */
export const takeModule = moduleTable(openBundle);

/** What an npm package exports. */
export function takePackage(name: string): unknown {
  const known = packages.get(name);
  if (known !== undefined) return known.exports;
  const file = packageFile(name);
  const run = loadScript(file) as PackageFunction;
  const module = { exports: {} };
  packages.set(name, module);
  run(module.exports, requireForPackage, module, `${here}/${file}`, here);
  return module.exports;
}

/** The modules, by group; none of them has run yet. */
export function openBundle(): ModuleGroups {
  if (groups !== undefined) return groups;
  const file = bundle().file;
  const filename = `${here}/${file}`;
  const run = loadScript(file) as BundleFunction;
  const loader = { bytecodePath, openBundle, scripts, takeModule, takePackage };
  const url = `file://${encodeURI(filename)}`;
  groups = run(takeModule, takePackage, process.getBuiltinModule, loader, filename, here, url, bundle());
  return groups;
}

/**
 * The value of a script. Text and bytecode are mapped, not read: what is not used costs nothing, and V8 compiles no function that the
 * build has seen running. Node's own compile cache would read, decode and hash the whole text at every start.
 */
function loadScript(file: string): unknown {
  const filename = `${here}/${file}`;
  const cachedData = bytecodeOf(file);
  const script = new Script(textOf(filename), {
    filename,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  scripts.set(file, script);
  return script.runInThisContext();
}

function bundle(): NonNullable<ImportMeta['bundle']> {
  if (import.meta.bundle === undefined) throw new Error('modules are taken from the bundle only');
  return import.meta.bundle;
}

/** The hash of the build is in all names, so that files of two builds never meet. */
function packageFile(name: string): string {
  return bundle().file.replace('modules', `package_${name.replaceAll(/\W/g, '_')}`);
}

/** What a package asks for: parts of Node, or its addon. Making a real one would load more of Node. */
function requireForPackage(name: string): unknown {
  if (!name.endsWith('.node')) return process.getBuiltinModule(name);
  const module = { exports: {} };
  process.dlopen(module, name);
  return module.exports;
}

function textOf(path: string): string {
  // The build leaves no other characters than those of ASCII in it.
  return mappings()?.mapText(path) ?? readFileSync(path, 'latin1');
}

/** Undefined where there is none: then functions are compiled when they are called. */
function bytecodeOf(file: string): Buffer | undefined {
  const path = bytecodePath(file);
  try {
    return mappings()?.mapBytes(path) ?? readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Commands differ in what they run, and V8 reads all of a file of bytecode at once: hence one for each. */
export function bytecodePath(file: string): string {
  const kind = file === bundle().file ? `${profile()}-` : '';
  return `${here}/${file}.${kind}${isService() ? 'service-' : ''}bytecode`;
}

/** V8 refuses bytecode that was made under other flags, and the launcher starts the service with flags of its own. */
function isService(): boolean {
  return process.execArgv.includes('--optimize-for-size');
}

/** Only a guess, as options are not told from their values: whatever it is, all functions can be had. */
function profile(): string {
  if (isService()) return 'service';
  const words = process.argv.slice(process.argv[2] === '__warm' ? 3 : 2);
  return words.find((word) => bundle().profiles.includes(word)) ?? OTHER;
}

let addon: Mappings | undefined | 'none';

/** Undefined where it does not load; whoever needs more of it will tell. */
function mappings(): Mappings | undefined {
  addon ??= loadAddon();
  return addon === 'none' ? undefined : addon;
}

function loadAddon(): Mappings | 'none' {
  const module: { exports: unknown } = { exports: {} };
  try {
    process.dlopen(module, `${here}/native/tspod.node`);
  } catch {
    return 'none';
  }
  Reflect.set(globalThis, LOADED_ADDON, module.exports);
  return module.exports as Mappings;
}

import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** What a file of the bundle exports: its modules, each run when it is asked for. */
export interface BundleFile {
  modules?: Readonly<Record<string, () => unknown>>;
}

/** The two calls of the addon that are needed before everything else. */
interface Mappings {
  mapText(path: string): string;
  mapBytes(path: string): Buffer;
}

/** Where the addon waits for whoever needs its system calls: `linux.ts` is in another file of the bundle. */
const LOADED_ADDON = Symbol.for('tspod.addon');

/** The directory of the bundle. */
const here = import.meta.dirname;
const require = createRequire(import.meta.url);
const loaded = new Map<string, { exports: BundleFile; script: Script }>();

/**
 * Loads `./chunk-….js`: a script whose value is a function around a CommonJS module. Text and bytecode are mapped, not read: what is
 * not used costs nothing, and V8 compiles no function that the build has seen running. Node's own compile cache would read, decode and
 * hash the whole text at every start.
 */
export function loadBundleFile(name: string): BundleFile {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const filename = join(here, name);
  const cachedData = bytecodeOf(filename);
  const script = new Script(textOf(filename), {
    filename,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const module: { exports: BundleFile } = { exports: {} };
  const entry = { exports: module.exports, script };
  loaded.set(name, entry);
  const run = script.runInThisContext() as (...parameters: unknown[]) => void;
  run.call(module.exports, module.exports, requireFromBundle, module, filename, here);
  entry.exports = module.exports;
  return entry.exports;
}

/** Every file of this bundle that is loaded this way; those of an earlier build may lie beside them. */
export function listBundleFiles(): string[] {
  const build = /_\w+\.js$/.exec(import.meta.hotFile ?? '')?.[0] ?? '';
  return readdirSync(here)
    .filter((name) => name.startsWith('chunk-') && name.endsWith(build))
    .map((name) => `./${name}`);
}

/** Puts the bytecode of all functions that have run (in this process, or when it was kept before) beside each loaded file. */
export function keepBytecode(): void {
  for (const [name, { script }] of loaded) {
    const path = bytecodePath(join(here, name));
    writeFileSync(`${path}.${process.pid}`, script.createCachedData(), { mode: 0o644 });
    renameSync(`${path}.${process.pid}`, path);
  }
}

/** Whether V8 has taken the bytecode of a file; undefined where there was none. */
export function isBytecodeTaken(name: string): boolean | undefined {
  loadBundleFile(name);
  const rejected = loaded.get(name)?.script.cachedDataRejected;
  return rejected === undefined ? undefined : !rejected;
}

function requireFromBundle(name: string): unknown {
  return name.startsWith('./chunk-') ? loadBundleFile(name) : require(name);
}

function textOf(path: string): string {
  // The build leaves no other characters than those of ASCII in it.
  return mappings()?.mapText(path) ?? readFileSync(path, 'latin1');
}

/** Undefined where there is none: then functions are compiled when they are called. */
function bytecodeOf(path: string): Buffer | undefined {
  try {
    return mappings()?.mapBytes(bytecodePath(path)) ?? readFileSync(bytecodePath(path));
  } catch {
    return undefined;
  }
}

/** V8 refuses bytecode that was made under other flags, and the launcher starts the service with flags of its own. */
function bytecodePath(path: string): string {
  const kind = process.execArgv.includes('--optimize-for-size') ? 'service' : 'command';
  return `${path}.${kind}-bytecode`;
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
    process.dlopen(module, join(here, 'native/tspod.node'));
  } catch {
    return 'none';
  }
  Reflect.set(globalThis, LOADED_ADDON, module.exports);
  return module.exports as Mappings;
}

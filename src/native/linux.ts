import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UnsupportedError } from '../base/errors.ts';
import type { PathLike, RawStat, Syscalls } from './syscalls.ts';

/** What the addon exports: `lstatat` fills a buffer of ours, everything else is as promised. */
interface Addon extends Omit<Syscalls, 'lstatat'> {
  lstatat(dirFd: number, name: PathLike, out: ArrayBuffer): boolean;
}

/** Where bundle-files.ts leaves the addon that it has loaded. */
const LOADED_ADDON = Symbol.for('tspod.addon');

let loaded: Syscalls | undefined;

/** The real system calls. The addon is loaded at the first call; throws UnsupportedError when it is missing. */
export function syscalls(): Syscalls {
  loaded ??= loadAddon();
  return loaded;
}

/** The same if something has asked for them already; never loads anything. */
export function loadedSyscalls(): Syscalls | undefined {
  return loaded;
}

/** For unit tests: everything that asks `syscalls()` gets `fake` until the returned function is called. */
export function replaceSyscalls(fake: Syscalls): () => void {
  const before = loaded;
  loaded = fake;
  return () => {
    loaded = before;
  };
}

function loadAddon(): Syscalls {
  const addon = loadedForBundle() ?? openAddon(addonFile());
  return { ...addon, lstatat: lstatatOf(addon) };
}

/** The bundle's own addon has been loaded to load the bundle; not where another one is asked for. */
function loadedForBundle(): Addon | undefined {
  if ((process.env['TSPOD_NATIVE'] ?? '') !== '') return undefined;
  return Reflect.get(globalThis, LOADED_ADDON) as Addon | undefined;
}

function openAddon(file: string): Addon {
  const module = { exports: {} };
  try {
    process.dlopen(module, file);
  } catch (error) {
    throw new UnsupportedError(`load the native part ${file}: ${messageOf(error)}`, {
      hint: 'It is built for one processor and C library: build it again with `npm run build`.',
      cause: error,
    });
  }
  return module.exports as Addon;
}

/**
 * The addon lies in `native/` beside the bundle (or one level up from a chunk), and in `dist/native` of a checkout whose
 * TypeScript is run directly.
 */
function addonFile(): string {
  const chosen = process.env['TSPOD_NATIVE'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const here = import.meta.dirname;
  const candidates = [
    join(here, 'native/tspod.node'),
    join(here, '../native/tspod.node'),
    join(here, '../../dist/native/tspod.node'),
  ];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new UnsupportedError(`the native part tspod.node is missing (looked for ${candidates.join(', ')})`, {
    hint: 'Build it with `npm run build`.',
  });
}

/** One buffer for all calls, read out at once: several times faster than objects made by the addon. */
function lstatatOf(addon: Addon): Syscalls['lstatat'] {
  const buffer = new ArrayBuffer(112);
  const exact = new BigUint64Array(buffer, 0, 2);
  const number = new Float64Array(buffer, 16, 12);
  return (dirFd, name): RawStat | undefined => {
    if (!addon.lstatat(dirFd, name, buffer)) return undefined;
    const [mode = 0, nlink = 0, uid = 0, gid = 0, rdevMajor = 0, rdevMinor = 0, size = 0, blocks = 0] =
      number;
    return {
      dev: exact[0] ?? 0n,
      ino: exact[1] ?? 0n,
      mode,
      nlink,
      uid,
      gid,
      rdevMajor,
      rdevMinor,
      size,
      blocks,
      mtimeSec: number[8] ?? 0,
      mtimeNsec: number[9] ?? 0,
      ctimeSec: number[10] ?? 0,
      ctimeNsec: number[11] ?? 0,
    };
  };
}

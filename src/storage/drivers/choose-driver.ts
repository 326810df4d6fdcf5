import { mkdirSync, readFileSync } from 'node:fs';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { errnoOf, messageOf, StorageError, UnsupportedError, UsageError } from '../../base/errors.ts';
import { kernelRelease } from '../../base/kernel.ts';
import { log } from '../../base/log.ts';
import type { Syscalls } from '../../native/syscalls.ts';
import { STORE_FORMAT, type StoreLayout } from '../layout.ts';
import { DRIVER_NAMES, type DriverName, type StorageDriver } from './driver.ts';
import { fuseOverlayDriver } from './fuse-overlayfs.ts';
import { overlayDriver } from './overlay.ts';
import { probeUnion } from './probe.ts';
import { isInUserNamespace } from './user-namespace.ts';
import { vfsDriver } from './vfs.ts';

export interface ChooseOptions {
  driver: DriverName | undefined;
  /** As in storage.conf and --storage-opt: `overlay.mountopt=…`, `overlay.mount_program=…`. */
  driverOptions: readonly string[];
  /** Whether layers or containers exist that another driver could not read. */
  isUsed: () => boolean;
  /** A second place for what the file says: whoever loses it must not read the layers by another driver's rules. */
  memory: DriverMemory;
}

export interface DriverMemory {
  recall(): string | undefined;
  keep(text: string): void;
}

/** What `<graphRoot>/driver` says. */
interface Remembered {
  format: number;
  driver: DriverName;
  mountOptions: string[];
  program: string | undefined;
  inUserNamespace: boolean;
  kernel: string;
  /** The --storage-opt words it was chosen with. */
  wanted: string[];
}

/** Hidden features of the kernel's overlay that would make upper directories unreadable for anything else. */
const PLAIN = ['metacopy=off', 'index=off'];

/** The remembered driver, without a look at the machine; otherwise the best that a trial mount shows to work. */
export function chooseDriver(system: Syscalls, layout: StoreLayout, options: ChooseOptions): StorageDriver {
  const remembered = readRemembered(layout, options.memory);
  if (remembered !== undefined) {
    const wanted = options.driver ?? remembered.driver;
    if (wanted !== remembered.driver && options.isUsed())
      throw new StorageError(
        `the store at ${layout.graphRoot} belongs to the ${remembered.driver} driver, not to ${wanted}`,
        { hint: `use --storage-driver=${remembered.driver}, or another --root` },
      );
    const isSame =
      remembered.kernel === kernelRelease() && sameWords(remembered.wanted, options.driverOptions);
    if (wanted === remembered.driver && isSame) return build(system, remembered);
  }
  const keep = remembered !== undefined && options.isUsed() ? remembered : undefined;
  const chosen = probe(system, layout, options, keep);
  mkdirSync(layout.graphRoot, { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(chosen)}\n`;
  writeFileAtomic(layout.driverFile, text);
  options.memory.keep(text);
  return build(system, chosen);
}

function probe(
  system: Syscalls,
  layout: StoreLayout,
  options: ChooseOptions,
  keep: Remembered | undefined,
): Remembered {
  const words = parseDriverOptions(options.driverOptions);
  const inUserNamespace = isInUserNamespace();
  const wanted =
    keep?.driver ?? options.driver ?? (words.program === undefined ? undefined : 'fuse-overlayfs');
  const common = {
    format: STORE_FORMAT,
    inUserNamespace,
    kernel: kernelRelease(),
    wanted: [...options.driverOptions],
  };
  const reasons: string[] = [];
  for (const driver of wanted === undefined ? DRIVER_NAMES : [wanted]) {
    for (const mountOptions of variants(driver, inUserNamespace, keep)) {
      const trial: Remembered = {
        ...common,
        driver,
        mountOptions: [...mountOptions, ...words.mountOptions],
        program: driver === 'fuse-overlayfs' ? (words.program ?? 'fuse-overlayfs') : undefined,
      };
      if (driver === 'vfs') return trial;
      try {
        probeUnion(system, layout, build(system, trial));
        return trial;
      } catch (error) {
        reasons.push(`${driver}: ${messageOf(error)}`);
        log('debug', `storage driver ${driver} with ${trial.mountOptions.join(',')}: ${messageOf(error)}`);
      }
    }
  }
  throw new UnsupportedError(
    `storage driver ${wanted ?? ''} does not work at ${layout.graphRoot}: ${reasons[0] ?? ''}`,
    {
      hint: 'choose another --storage-driver (overlay, fuse-overlayfs, vfs) and an unused --root',
    },
  );
}

/** `userxattr` decides how whiteouts lie on disk, so that a store in use keeps its own. */
function variants(driver: DriverName, inUserNamespace: boolean, keep: Remembered | undefined): string[][] {
  if (driver !== 'overlay') return [[]];
  const userXattr = keep === undefined ? inUserNamespace : keep.mountOptions.includes('userxattr');
  // `off` means `follow` or not by a parameter of the kernel module, which anybody may change later; with userxattr that is refused.
  return userXattr
    ? [['redirect_dir=nofollow', ...PLAIN, 'userxattr'], ['userxattr']]
    : [['redirect_dir=off', ...PLAIN], []];
}

function build(system: Syscalls, remembered: Remembered): StorageDriver {
  const { ignoresOwners } = parseDriverOptions(remembered.wanted);
  return ignoresOwners ? { ...bare(system, remembered), ignoresOwners } : bare(system, remembered);
}

function bare(system: Syscalls, remembered: Remembered): StorageDriver {
  const { driver, mountOptions, inUserNamespace, program } = remembered;
  if (driver === 'overlay') return overlayDriver(system, { inUserNamespace, mountOptions });
  if (driver === 'vfs') return vfsDriver(system, { inUserNamespace });
  return fuseOverlayDriver(system, { inUserNamespace, mountOptions, program: program ?? 'fuse-overlayfs' });
}

function parseDriverOptions(words: readonly string[]): {
  mountOptions: string[];
  program: string | undefined;
  ignoresOwners: boolean;
} {
  const mountOptions: string[] = [];
  let ignoresOwners = false;
  let program: string | undefined;
  for (const word of words) {
    const match = /^(?:overlay2?\.|vfs\.|\.)?([a-z_]+)=(.*)$/.exec(word);
    if (match?.[1] === 'mountopt')
      mountOptions.push(...(match[2] ?? '').split(',').filter((part) => part !== ''));
    else if (match?.[1] === 'mount_program') program = match[2] || undefined;
    else if (match?.[1] === 'ignore_chown_errors') ignoresOwners = parseTruth(match[2] ?? '', word);
    // Of each container: specgen/storage-limits.ts.
    else if (match?.[1] === 'size' || match?.[1] === 'inodes') continue;
    else throw new UsageError(`unknown storage option ${JSON.stringify(word)}`);
  }
  return { mountOptions, program, ignoresOwners };
}

function parseTruth(text: string, word: string): boolean {
  if (/^(true|1|yes)$/i.test(text)) return true;
  if (/^(false|0|no)$/i.test(text)) return false;
  throw new UsageError(`invalid storage option ${JSON.stringify(word)}: must be true or false`);
}

function readRemembered(layout: StoreLayout, memory: DriverMemory): Remembered | undefined {
  const text = readDriverFile(layout);
  const value = text === undefined ? undefined : parse(text);
  if (value === undefined) return recall(layout, memory, text !== undefined);
  if (value.format > STORE_FORMAT)
    throw new StorageError(`the store at ${layout.graphRoot} was written by a newer tspod`, {
      hint: 'use that one, or another --root',
    });
  return value;
}

function readDriverFile({ driverFile }: StoreLayout): string | undefined {
  try {
    return readFileSync(driverFile, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new StorageError(`cannot read ${driverFile}: ${messageOf(error)}`, { cause: error });
  }
}

/** Undefined in a new store. */
function recall(layout: StoreLayout, memory: DriverMemory, isDamaged: boolean): Remembered | undefined {
  const text = memory.recall();
  const value = text === undefined ? undefined : parse(text);
  if (text !== undefined && value !== undefined) {
    log('info', `${layout.driverFile} is written anew`);
    writeFileAtomic(layout.driverFile, text);
    return value;
  }
  if (!isDamaged) return undefined;
  throw new StorageError(`${layout.driverFile} is damaged`, { hint: 'delete it: it is written anew' });
}

function parse(text: string): Remembered | undefined {
  let json: Partial<Record<keyof Remembered, unknown>>;
  try {
    json = Object(JSON.parse(text)) as Partial<Record<keyof Remembered, unknown>>;
  } catch {
    return undefined;
  }
  const driver = DRIVER_NAMES.find((name) => name === json.driver);
  const { format, mountOptions, wanted } = json;
  if (driver === undefined || typeof format !== 'number' || !isWords(mountOptions) || !isWords(wanted))
    return undefined;
  return {
    format,
    driver,
    mountOptions,
    wanted,
    program: typeof json.program === 'string' ? json.program : undefined,
    inUserNamespace: json.inUserNamespace === true,
    kernel: String(json.kernel),
  };
}

function isWords(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}

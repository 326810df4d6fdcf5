import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { errnoOf, messageOf, StorageError } from '../base/errors.ts';

/** An open file of a log. The name may belong to another file by now: the identity is what counts. */
export interface LogFile {
  fd: number;
  device: number;
  inode: number;
}

/** Where the monitor writes: PATH, and with rotation the older PATH.1 (newest) up to PATH.(maxFiles - 1). */
export interface LogLocation {
  path: string;
  maxFiles: number;
}

/** How often a rotation may come in between before what was opened is taken as it is. */
const ATTEMPTS = 20;

/** All files of a log, oldest first, as one consistent picture. Empty when nothing was ever logged. The caller closes them. */
export function openLogFiles(location: LogLocation): LogFile[] {
  for (let attempt = 1; ; attempt++) {
    const files = openOnce(location);
    const newest = files.at(-1);
    const now = identify(location.path);
    if ((newest?.inode === now?.inode && newest?.device === now?.device) || attempt === ATTEMPTS)
      return files;
    closeLogFiles(files);
  }
}

/**
 * The file that was begun after `file`, when the monitor has turned to another one; undefined while `file` is the current one, or
 * when there is none (any more). Where `file` has fallen off the end of the rotation, the oldest that is left.
 */
export function openNextLogFile(location: LogLocation, file: LogFile): LogFile | undefined {
  const files = openLogFiles(location);
  const position = files.findIndex((each) => isSame(each, file));
  const next = files[position + 1];
  closeLogFiles(files.filter((each) => each !== next));
  return next;
}

export function isCurrent(location: LogLocation, file: LogFile): boolean {
  const now = identify(location.path);
  return now !== undefined && isSame(now, file);
}

export function closeLogFiles(files: readonly LogFile[]): void {
  for (const file of files) closeSync(file.fd);
}

/** Newest first while opening: whatever a rotation moves meanwhile is met again under a higher number, and known by its inode. */
function openOnce({ path, maxFiles }: LogLocation): LogFile[] {
  const files: LogFile[] = [];
  for (let number = 0; number < Math.max(1, maxFiles); number++) {
    const file = openLogFile(number === 0 ? path : `${path}.${number}`);
    if (file === undefined) {
      // While a rotation is under way there may be one gap.
      if (number > files.length + 1) break;
    } else if (files.some((each) => isSame(each, file))) closeSync(file.fd);
    else files.unshift(file);
  }
  return files;
}

function openLogFile(path: string): LogFile | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new StorageError(`cannot read log file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const { dev, ino } = fstatSync(fd);
  return { fd, device: dev, inode: ino };
}

function identify(path: string): Omit<LogFile, 'fd'> | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : { device: stat.dev, inode: stat.ino };
}

function isSame(left: Omit<LogFile, 'fd'>, right: Omit<LogFile, 'fd'>): boolean {
  return left.inode === right.inode && left.device === right.device;
}

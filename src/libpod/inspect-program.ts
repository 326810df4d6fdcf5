import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { executesMachine, HEADER_BYTES, machineName, parseProgramHeader } from '../oci/program-header.ts';
import type { InsideView } from './inside-view.ts';

/** What a container was to execute. */
export interface WantedProgram {
  /** As the process document names it: a path, or a name to be found by PATH. */
  command: string;
  path: string | undefined;
  workdir: string;
  /** Undefined where ids inside are not those that files show to us. */
  user: { uid: number; gid: number; additionalGids?: readonly number[] } | undefined;
  /** Of this host, in the words of images. */
  architecture: string;
  /** Of the image, where it differs from the host's. */
  foreignPlatform?: string | undefined;
  /** The runtime makes a working directory that is missing. */
  makesWorkdir: boolean;
}

export interface Finding {
  exit: 'not-found' | 'not-invokable';
  cause: string;
  /** The cause for a reader who has already been told that it is not in $PATH. */
  searched?: string;
  hint?: string;
}

/** Enough for a script whose interpreter is a script; the kernel allows four. */
const DEPTH = 4;

/** Why the kernel cannot execute a program, from a look at it; undefined when nothing is wrong with it. */
export function inspectProgram(view: InsideView, wanted: WantedProgram): Finding | undefined {
  return inspectWorkdir(view, wanted) ?? inspectCommand(view, wanted);
}

function inspectWorkdir(view: InsideView, { workdir, makesWorkdir }: WantedProgram): Finding | undefined {
  const found = look(view, workdir);
  if (found === 'ENOENT' && makesWorkdir) return undefined;
  if (found === 'ENOENT')
    return {
      exit: 'not-found',
      cause: `the working directory ${workdir} is not in the container`,
      hint: 'make it in the image, or choose another one with --workdir',
    };
  if (typeof found === 'string' && found !== 'ENOTDIR') return undefined;
  if (typeof found !== 'string') {
    closeSync(found.fd);
    if (found.stat.isDirectory()) return undefined;
  }
  return {
    exit: 'not-invokable',
    cause: `the working directory ${workdir} is in the container, but not a directory`,
    hint: 'choose another one with --workdir',
  };
}

function inspectCommand(view: InsideView, wanted: WantedProgram): Finding | undefined {
  const { command } = wanted;
  if (command.includes('/')) return inspectFile(view, wanted, posix.resolve(wanted.workdir, command));
  const directories = (wanted.path ?? '').split(':').filter((directory) => directory.startsWith('/'));
  let first: Finding | undefined;
  for (const directory of directories) {
    const path = posix.join(directory, command);
    const found = look(view, path);
    if (found === 'ENOENT' || found === 'ENOTDIR') continue;
    if (typeof found !== 'string') closeSync(found.fd);
    const finding = inspectFile(view, wanted, path);
    if (finding === undefined) return undefined;
    first ??= finding;
  }
  if (first !== undefined) return first;
  return {
    exit: 'not-found',
    cause: `${command} is in none of the directories of PATH (${directories.join(':') || 'which is empty'})`,
    searched: `PATH is ${directories.join(':') || 'empty'}`,
    ...hintFor(command),
  };
}

function hintFor(command: string): { hint?: string } {
  if (command.startsWith('-'))
    return { hint: 'what follows the image or container is its command: options of tspod go before it' };
  if (/\s/.test(command))
    return {
      hint: `the whole of it was taken for one program's name: give its words apart, or use sh -c "…"`,
    };
  return {};
}

function inspectFile(view: InsideView, wanted: WantedProgram, path: string, depth = 0): Finding | undefined {
  const found = look(view, path);
  if (typeof found === 'string') return inspectMissing(path, found);
  try {
    return (
      inspectRights(view, wanted, { path, ...found }) ??
      inspectContent(view, wanted, { path, fd: found.fd, depth })
    );
  } finally {
    closeSync(found.fd);
  }
}

function inspectMissing(path: string, errno: string): Finding | undefined {
  if (errno === 'ENOENT') return { exit: 'not-found', cause: `there is no ${path} in the container` };
  if (errno === 'ENOTDIR')
    return { exit: 'not-found', cause: `a part of ${path} is in the container, but not a directory` };
  if (errno === 'ELOOP') return { exit: 'not-found', cause: `${path} is a link that leads to itself` };
  return undefined;
}

interface FoundFile {
  fd: number;
  stat: Stats;
}

function inspectRights(
  view: InsideView,
  { user }: WantedProgram,
  { path, fd, stat }: FoundFile & { path: string },
): Finding | undefined {
  const exit = 'not-invokable';
  if (stat.isDirectory()) return { exit, cause: `${path} is a directory` };
  if (!stat.isFile()) return { exit, cause: `${path} is not a regular file` };
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
  if ((stat.mode & 0o111) === 0)
    return {
      exit,
      cause: `${path} is not executable: its mode is ${mode}`,
      hint: 'chmod +x it where it comes from: in the image, or on the host',
    };
  if (view.mountOptions(fd).includes('noexec'))
    return {
      exit,
      cause: `${path} is on a mount with the option noexec`,
      hint: 'mount it with the option exec, or keep the program elsewhere',
    };
  if (user !== undefined && !mayExecute(stat, user))
    return {
      exit,
      cause: `user ${user.uid}:${user.gid} may not execute ${path}: it belongs to ${stat.uid}:${stat.gid} and its mode is ${mode}`,
      hint: 'chmod a+rx it, or run as another user with --user',
    };
  const closed = user === undefined ? undefined : closedDirectory(view, user, path);
  if (closed !== undefined)
    return {
      exit,
      cause: `user ${user?.uid}:${user?.gid} cannot get to ${path}: the directory ${closed} is closed to it`,
      hint: `chmod a+x ${closed}, or run as another user with --user`,
    };
  return undefined;
}

/** The first directory on the way to a file that a user may not pass. */
function closedDirectory(
  view: InsideView,
  user: NonNullable<WantedProgram['user']>,
  path: string,
): string | undefined {
  const names = path.split('/').slice(1, -1);
  return names
    .map((_, index) => `/${names.slice(0, index + 1).join('/')}`)
    .find((directory) => {
      const found = look(view, directory);
      if (typeof found === 'string') return false;
      closeSync(found.fd);
      return !mayExecute(found.stat, user);
    });
}

function mayExecute({ uid, gid, mode }: Stats, user: NonNullable<WantedProgram['user']>): boolean {
  if (user.uid === 0) return true;
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid || user.additionalGids?.includes(gid)) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

function inspectContent(
  view: InsideView,
  wanted: WantedProgram,
  { path, fd, depth }: { path: string; fd: number; depth: number },
): Finding | undefined {
  const header = parseProgramHeader(readHeader(fd));
  switch (header.kind) {
    case 'empty':
      return {
        exit: 'not-invokable',
        cause: `${path} is empty`,
        hint: 'look at how it came into the image: a copy or a download may have failed',
      };
    case 'unknown':
      return {
        exit: 'not-invokable',
        cause: header.hasByteOrderMark
          ? `${path} begins with a byte order mark, which hides its first line from the kernel`
          : `${path} is neither a program nor a script that begins with a #! line`,
        hint: header.hasByteOrderMark
          ? 'save it as UTF-8 without a byte order mark'
          : `begin it with #!/bin/sh, or run it as: sh ${path}`,
      };
    case 'script':
      return inspectInterpreter(view, wanted, { path, ...header, depth });
    case 'elf':
      break;
  }
  const { machine, loader } = header;
  if (!executesMachine(wanted.architecture, machine))
    return {
      exit: 'not-invokable',
      cause: `${path} is a program for ${machineName(machine)}, this host is ${wanted.architecture}${wanted.foreignPlatform === undefined ? '' : `: the image is for ${wanted.foreignPlatform}`}`,
      hint: 'choose an image with --platform, or install qemu-user-static to run it by emulation',
    };
  if (loader === undefined || isThere(view, loader)) return undefined;
  return {
    exit: 'not-found',
    cause: `${path} is there, but the loader that it was linked for is not: ${loader}`,
    hint: 'link it statically, or take an image with the C library that it was built with (glibc or musl)',
  };
}

function inspectInterpreter(
  view: InsideView,
  wanted: WantedProgram,
  script: { path: string; interpreter: string; endsInCarriageReturn: boolean; depth: number },
): Finding | undefined {
  const { path, interpreter, endsInCarriageReturn, depth } = script;
  if (endsInCarriageReturn)
    return {
      exit: 'not-found',
      cause: `the #! line of ${path} ends with a carriage return, which the kernel takes for a part of the interpreter's name "${interpreter}\\r"`,
      hint: `give the file line ends as Unix has them: sed -i 's/\\r$//' ${posix.basename(path)}`,
    };
  if (interpreter === '')
    return { exit: 'not-invokable', cause: `the #! line of ${path} names no interpreter` };
  const absolute = posix.resolve(wanted.workdir, interpreter);
  if (!isThere(view, absolute))
    return {
      exit: 'not-found',
      cause: `${path} is there, but the interpreter of its #! line is not: ${interpreter}`,
      hint: 'install it in the image, or name one that is there',
    };
  if (depth >= DEPTH)
    return { exit: 'not-invokable', cause: `the interpreter of ${path} is itself a script, and so on` };
  const finding = inspectFile(view, wanted, absolute, depth + 1);
  return finding && { ...finding, cause: `the interpreter of ${path} cannot be executed: ${finding.cause}` };
}

function isThere(view: InsideView, path: string): boolean {
  const found = look(view, path);
  if (typeof found === 'string') return found !== 'ENOENT' && found !== 'ENOTDIR';
  closeSync(found.fd);
  return true;
}

/** The name of the error where there is nothing to look at. */
function look(view: InsideView, path: string): FoundFile | string {
  try {
    const fd = view.locate(path);
    return { fd, stat: fstatSync(fd) };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
}

function readHeader(located: number): Buffer {
  const fd = openSync(`/proc/self/fd/${located}`, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    return bytes.subarray(0, readSync(fd, bytes, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

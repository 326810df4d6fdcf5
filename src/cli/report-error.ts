import { resolve } from 'node:path';
import { type ErrorClassName, errnoOf, messageOf, NotInRootfsError, TspodError } from '../base/errors.ts';
import { isInContainer } from '../base/in-container.ts';
import { isLogged } from '../base/log.ts';
import type { CommandRecord } from './command.ts';
import { printError } from './output/print.ts';
import { FlagError, RefusedFlagError } from './parse-flags.ts';
import { programName } from './program-name.ts';

const EXIT_OWN_FAILURE = 125;
const EXIT_IN_USE = 2;
const EXIT_REFUSED = 1;
/** Of several failures the one that says most decides; anything else ranks between. */
const PRIORITY = [EXIT_OWN_FAILURE, 2, 1];

/** Prints the error (each one of an AggregateError) on stderr and returns the exit code. */
export function reportError(error: unknown, exits: CommandRecord['exits'] = {}, path = ''): number {
  if (error instanceof AggregateError) {
    const codes = error.errors.map((each) => reportError(each, exits, path));
    return PRIORITY.find((code) => codes.includes(code)) ?? codes[0] ?? EXIT_OWN_FAILURE;
  }
  if (error instanceof TspodError) {
    printMessage(error);
    if (isLogged('debug')) printStack(error);
    const code = exitCodeOf(error, exits);
    return programName() === 'docker' ? dockerExitCode(code, { error, path }) : code;
  }
  if (isHostFailure(error) || isAboutNamedFile(error, process.argv)) {
    const message = messageOf(error);
    printError(`Error: ${message}`);
    if (isForbiddenInContainer(message)) printError(IN_CONTAINER);
    if (isLogged('debug')) printStack(error);
    return EXIT_OWN_FAILURE;
  }
  printError(`Error: internal error: ${messageOf(error)}`);
  if (isLogged('debug')) printStack(error);
  else printError('run it again with --log-level=debug to see where it happened');
  return EXIT_OWN_FAILURE;
}

/** Message and hint, in the words and with the name of the program that we were called as. */
export function printMessage(error: TspodError): void {
  const program = programName();
  const message = program === 'docker' ? (error.dockerMessage ?? error.message) : error.message;
  printError(`Error: ${message}`);
  const hint = error.hint ?? (isForbiddenInContainer(message) ? IN_CONTAINER : undefined);
  if (hint !== undefined) printError(hint.replace(OWN_COMMAND, `$1${program} `));
}

function isForbiddenInContainer(message: string): boolean {
  return /operation not permitted/i.test(message) && isInContainer();
}

const IN_CONTAINER =
  'tspod runs in a container here, which has to allow it: by --privileged, or by less (docs/ci.md tells what)';

/** `tspod` before a word of a command line, in a hint. */
const OWN_COMMAND = /(^|[:`"'] ?)tspod (?=[a-z-])/g;

/**
 * docker's engine refuses with 1, whatever the reason; 125 is for what its command line could not parse, and for run, whose other codes
 * are the container's.
 */
export function dockerExitCode(code: number, { error, path }: { error: unknown; path: string }): number {
  if (error instanceof NotInRootfsError) {
    if (RUN_PATHS.has(path)) return EXIT_OWN_FAILURE;
    if (EXEC_PATHS.has(path)) return EXIT_NOT_EXECUTED;
  }
  const isOwn = code === EXIT_OWN_FAILURE || code === EXIT_IN_USE;
  const isAboutFlag = error instanceof FlagError || error instanceof RefusedFlagError;
  return !isOwn || isAboutFlag || RUN_PATHS.has(path) ? code : EXIT_REFUSED;
}

/** Of a program that cannot be run as was asked, whatever the reason. */
const EXIT_NOT_EXECUTED = 126;
const EXEC_PATHS: ReadonlySet<string> = new Set(['exec', 'container exec']);
const RUN_PATHS: ReadonlySet<string> = new Set(['run', 'container run']);

/** The command's own code for the nearest class in the error's ancestry, else the class's code. */
export function exitCodeOf(error: TspodError, exits: CommandRecord['exits'] = {}): number {
  for (let type = error.constructor; typeof type === 'function' && type !== Error; ) {
    const code = exits[type.name as ErrorClassName];
    if (code !== undefined) return code;
    type = Object.getPrototypeOf(type);
  }
  return error.exitCode;
}

/** What no code can foresee everywhere: a full, read-only or failing disk, a limit of the host. The words of the system name it. */
function isHostFailure(error: unknown): boolean {
  return HOST_FAILURES.has(errnoOf(error) ?? '');
}

const HOST_FAILURES = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EROFS',
  'EIO',
  'EACCES',
  'EPERM',
  'ENOTDIR',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
]);

/** A file that is not there, or not a file, is no bug of ours where the command line has asked for it. */
export function isAboutNamedFile(error: unknown, words: readonly string[]): boolean {
  if (!NAMED_FILE_FAILURES.has(errnoOf(error) ?? '')) return false;
  const { path } = error as NodeJS.ErrnoException;
  if (typeof path !== 'string' || path === '') return false;
  const values = words.flatMap((word) => [word, ...word.split(/[=,:]/)]).filter((value) => value !== '');
  return values.some((value) => resolve(value) === resolve(path));
}

const NAMED_FILE_FAILURES = new Set(['ENOENT', 'EISDIR', 'EEXIST', 'ENOTEMPTY', 'ELOOP', 'ENAMETOOLONG']);

function printStack(error: unknown): void {
  for (let at: unknown = error; at instanceof Error; at = at.cause) printError(at.stack ?? String(at));
}

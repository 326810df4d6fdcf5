import { fstatSync } from 'node:fs';
import { errnoOf, messageOf, TspodError } from '../../base/errors.ts';
import { writeAll } from '../../base/write-all.ts';

/** What a process that is killed by SIGPIPE leaves behind; `tspod ps | head -1` must end quietly. */
const EXIT_BROKEN_PIPE = 141;

/**
 * Writes to stdout, completely, before it returns. Straight to the descriptor: opening process.stdout costs more than
 * most commands print, and process.exit must not cut off what a stream still holds. Names, labels and commands are what images and
 * containers say: on a terminal, what would steer it is written out; programs get every byte.
 */
export function print(text: string): void {
  write(1, shown(text));
}

/** What `print` writes of it; for who puts control sequences of their own around it. */
export function shown(text: string): string {
  return !keepsControls && isDevice() && STEERING.test(text) && isTerminal() ? withoutControls(text) : text;
}

/** For screens that are drawn over and over. */
export function printSteering(text: string): void {
  write(1, text);
}

export function printLine(text: string): void {
  print(`${text}\n`);
}

let keepsControls = false;

/** For who formats output with control characters of their own, as colours in a template. */
export function keepControls(): void {
  keepsControls = true;
}

let device: boolean | undefined;

/** As a terminal is one. Looking for what would steer it takes longer than making the text of many containers. */
function isDevice(): boolean {
  device ??= fstatSync(1).isCharacterDevice();
  return device;
}

/** Asked about hardly ever; the module is not loaded for everybody. */
function isTerminal(): boolean {
  return process.getBuiltinModule('node:tty').isatty(1);
}

/**
 * The same for stderr, which may be closed without anybody caring. Messages quote images, registries and runtimes: what would steer
 * a terminal is written out.
 */
export function printError(text: string): void {
  write(2, `${withoutControls(text)}\n`);
}

/** Control characters other than tab and line feed as `\x1b`. */
export function withoutControls(text: string): string {
  return text.replace(CONTROLS, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const STEERING = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Bytes as they are, completely, before it returns: a slow reader holds the program back. */
export function printBytes(fd: 1 | 2, bytes: Uint8Array): void {
  write(fd, bytes);
}

/** For large or piped data: the stream, with a reader that went away ending the process quietly. */
export function stdoutStream(): NodeJS.WriteStream {
  if (process.stdout.listenerCount('error', endQuietly) === 0) process.stdout.on('error', endQuietly);
  return process.stdout;
}

function endQuietly(error: Error): void {
  if (errnoOf(error) !== 'EPIPE') throw cannotWrite(error);
  process.exit(EXIT_BROKEN_PIPE);
}

function cannotWrite(error: unknown): TspodError {
  return new TspodError(`cannot write to standard output: ${messageOf(error).replace(/^write: /, '')}`, {
    cause: error,
  });
}

function write(fd: 1 | 2, data: string | Uint8Array): void {
  try {
    writeAll(fd, data);
  } catch (error) {
    if (fd === 2) return;
    if (errnoOf(error) === 'EPIPE') process.exit(EXIT_BROKEN_PIPE);
    throw cannotWrite(error);
  }
}

import { readSync } from 'node:fs';
import { errnoOf, UsageError } from '../base/errors.ts';
import { print } from './output/print.ts';

/** Prints the question and reads one line from stdin; only `y` and `Y` (and what begins so) mean yes. Throws at end of file. */
export function confirm(question: string): boolean {
  print(question);
  const answer = readLine();
  if (answer === undefined) throw new UsageError('EOF', { hint: 'use --force where nobody can answer' });
  return answer.trim().toLowerCase().startsWith('y');
}

/** One line from stdin, without its end; undefined at end of file. */
export function askLine(question: string): string | undefined {
  print(question);
  return readLine()?.replace(/\r$/, '');
}

/** Like askLine on a terminal that does not show what is typed. */
export function askSecret(question: string): string | undefined {
  const { stdin } = process;
  if (!stdin.isTTY)
    throw new UsageError('cannot ask for a password: stdin is not a terminal', {
      hint: 'use --password-stdin',
    });
  print(question);
  stdin.setRawMode(true);
  try {
    return readHidden();
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    print('\n');
  }
}

const CTRL_C = 3;
const CTRL_D = 4;
const BACKSPACE = [8, 127];
const CTRL_U = 21;
const LINE_ENDS = [10, 13];

function readHidden(): string | undefined {
  const byte = Buffer.alloc(1);
  let bytes: number[] = [];
  for (;;) {
    if (readByte(byte) === 0) return undefined;
    const code = byte[0] ?? 0;
    if (code === CTRL_C) throw new UsageError('interrupted');
    if (LINE_ENDS.includes(code)) return Buffer.from(bytes).toString();
    if (code === CTRL_D && bytes.length === 0) return undefined;
    if (code === CTRL_U) bytes = [];
    else if (BACKSPACE.includes(code)) bytes = withoutLastCharacter(bytes);
    else bytes.push(code);
  }
}

function withoutLastCharacter(bytes: readonly number[]): number[] {
  return [...Buffer.from([...Buffer.from(bytes).toString()].slice(0, -1).join(''))];
}

function readLine(): string | undefined {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  for (;;) {
    const read = readByte(byte);
    if (read === 0) return undefined;
    if (byte[0] === 0x0a) return Buffer.from(bytes).toString();
    bytes.push(byte[0] ?? 0);
  }
}

function readByte(into: Buffer): number {
  for (;;) {
    try {
      return readSync(0, into, 0, 1, null);
    } catch (error) {
      if (errnoOf(error) === 'EOF') return 0;
      if (errnoOf(error) !== 'EAGAIN') throw error;
      // The descriptor is shared with someone who made it non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

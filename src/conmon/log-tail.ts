import { fstatSync, readSync } from 'node:fs';
import { emptyEntry, type LogEntry, type LogStream, parseLogLine } from './log-entry.ts';
import type { LogFile } from './log-files.ts';

/** Where the last lines of a log begin. */
export interface TailStart {
  /** Index into the files. */
  file: number;
  offset: number;
  /** So many lines of each stream come after that place but are not among the last ones; index 0 is unused. */
  skip: [number, number, number];
}

const BLOCK = 64 * 1024;
/** Longer than any entry that a monitor writes. */
const LONGEST_ENTRY = 4 * 1024 * 1024;
/** How far to look for a further part of a line once all lines are counted: most have only one. */
const LONGEST_SEARCH = 512 * 1024;
const NEWLINE = 0x0a;

/**
 * Finds the last `count` lines, both streams together, reading backwards only as far as needed. A line that was logged in parts
 * counts once, and so does one that has no end yet.
 */
export function findTail(files: readonly LogFile[], count: number): TailStart {
  const tally = new TailTally(count);
  const entry = emptyEntry();
  let searched = 0;
  for (let file = files.length - 1; file >= 0; file--) {
    const fd = files[file]?.fd ?? -1;
    let previous = fstatSync(fd).size;
    for (const { bytes, start, end, offset } of linesBackwards(fd, previous)) {
      searched = tally.isFull ? searched + previous - offset : 0;
      previous = offset;
      if (parseLogLine(bytes, start, end, entry) && tally.add(entry)) searched = 0;
      if (tally.isDone || searched > LONGEST_SEARCH) return { file, offset, skip: tally.skip };
    }
  }
  return { file: 0, offset: 0, skip: tally.skip };
}

type Line = 'none' | 'wanted' | 'other';

/** Is told the entries from the last one backwards. */
class TailTally {
  readonly skip: [number, number, number] = [0, 0, 0];
  #missing: number;
  /** To which line an entry of the stream belongs that turns up next and is only a part. */
  readonly #line: Record<LogStream, Line> = { 1: 'none', 2: 'none' };

  constructor(count: number) {
    this.#missing = count;
  }

  /** True when the entry belongs to a wanted line. */
  add({ stream, complete }: LogEntry): boolean {
    // A part belongs to the line whose end was met before; without any, it is of a line that has no end yet.
    if (!complete && this.#line[stream] !== 'none') return this.#line[stream] === 'wanted';
    if (this.#missing > 0) {
      this.#missing--;
      this.#line[stream] = 'wanted';
    } else {
      this.skip[stream]++;
      this.#line[stream] = 'other';
    }
    return this.#line[stream] === 'wanted';
  }

  get isFull(): boolean {
    return this.#missing === 0;
  }

  /** No wanted line can have parts further back. */
  get isDone(): boolean {
    return this.isFull && this.#line[1] !== 'wanted' && this.#line[2] !== 'wanted';
  }
}

interface FoundLine {
  bytes: Buffer;
  start: number;
  /** Exclusive, without newline. */
  end: number;
  /** Of its first byte in the file. */
  offset: number;
}

/** The complete lines before `size`, last one first. Text after the last newline is being written: not a line yet. */
function* linesBackwards(fd: number, size: number): Generator<FoundLine> {
  let position = size;
  let bytes: Buffer = Buffer.alloc(0);
  /** Index of the newline whose line begins further back; -1 before the first one is found. */
  let end = -1;
  while (position > 0) {
    const length = Math.min(position, BLOCK);
    if (end > LONGEST_ENTRY) return;
    position -= length;
    const joined = Buffer.allocUnsafe(length + end + 1);
    readFully(fd, joined, length, position);
    bytes.copy(joined, length, 0, end + 1);
    bytes = joined;
    if (end >= 0) end += length;
    for (;;) {
      const newline = end === 0 ? -1 : bytes.lastIndexOf(NEWLINE, end < 0 ? bytes.length - 1 : end - 1);
      if (newline < 0) break;
      if (end >= 0) yield { bytes, start: newline + 1, end, offset: position + newline + 1 };
      end = newline;
    }
  }
  if (end >= 0) yield { bytes, start: 0, end, offset: 0 };
}

function readFully(fd: number, into: Buffer, length: number, position: number): void {
  let done = 0;
  while (done < length) {
    const read = readSync(fd, into, done, length - done, position + done);
    // Cut short meanwhile: what is missing reads as an empty line.
    if (read === 0) into.fill(NEWLINE, done, length);
    done += read === 0 ? length - done : read;
  }
}

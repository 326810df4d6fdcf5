import { fstatSync, readSync } from 'node:fs';
import { log } from '../base/log.ts';
import { turns } from '../base/turns.ts';
import { emptyEntry, type LogEntry, parseLogLine } from './log-entry.ts';
import {
  closeLogFiles,
  isCurrent,
  type LogFile,
  type LogLocation,
  openLogFiles,
  openNextLogFile,
} from './log-files.ts';
import { filterEntries } from './log-filter.ts';
import { findTail } from './log-tail.ts';

export interface LogSelection {
  /** Only so many lines from the end; undefined: all. */
  tail: number | undefined;
  /** Milliseconds since 1970. */
  since: number | undefined;
  until: number | undefined;
  /** Aborted: nobody reads any more, `readOn` returns soon. */
  signal?: AbortSignal | undefined;
}

export interface LogConsumer {
  /** The entry is valid only until it returns. */
  entry(entry: LogEntry): void;
  /** Called after each block and when there is nothing more for now; a promise holds the reader back. */
  flush(): Promise<void> | void;
}

const BLOCK = 256 * 1024;
/** Longer than any entry that a monitor writes: more text without a newline is no log. */
const LONGEST_ENTRY = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Reads the log files of one container forwards, from where the selection begins, across rotations. Every entry is delivered once,
 * in the order of writing. Holds file descriptors until `close`.
 */
export class LogReader {
  readonly #location: LogLocation;
  readonly #consumer: LogConsumer;
  #deliver: (entry: LogEntry) => void;
  readonly #entry = emptyEntry();
  /** The one that is being read first, the newest last. */
  #files: LogFile[];
  #offset = 0;
  #buffer = Buffer.allocUnsafe(BLOCK);
  #filled = 0;
  #skipsLine = false;
  #warned = false;
  readonly #signal: AbortSignal | undefined;
  /** A container may write faster than it is read: others have to get their turn. */
  readonly #turn = turns();

  constructor(location: LogLocation, selection: LogSelection, consumer: LogConsumer) {
    this.#location = location;
    this.#consumer = consumer;
    this.#files = openLogFiles(location);
    const { since, until, tail } = selection;
    this.#signal = selection.signal;
    let skip: [number, number, number] = [0, 0, 0];
    if (tail !== undefined && this.#files.length > 0) {
      const start = findTail(this.#files, tail);
      closeLogFiles(this.#files.splice(0, start.file));
      this.#offset = start.offset;
      skip = start.skip;
    }
    this.#deliver = filterEntries({ since, until, skip }, (entry) => consumer.entry(entry));
  }

  /** Delivers everything that has been logged so far and was not yet delivered. */
  async readOn(): Promise<void> {
    if (this.#files.length === 0) this.#files = openLogFiles(this.#location);
    for (let file = this.#files[0]; file !== undefined; ) {
      await this.#readFile(file);
      const next = this.#next(file);
      if (next === undefined) break;
      // Written between our last read and the turn to the next file.
      await this.#readFile(file);
      closeLogFiles([file]);
      this.#files = next;
      this.#offset = 0;
      // An entry without an end in a file that is no longer written to stays without one.
      this.#filled = 0;
      this.#skipsLine = false;
      file = next[0];
    }
    await this.#consumer.flush();
  }

  close(): void {
    closeLogFiles(this.#files.splice(0));
  }

  /** The files after this one; undefined when it is the last. */
  #next(file: LogFile): LogFile[] | undefined {
    if (this.#files.length > 1) return this.#files.slice(1);
    if (isCurrent(this.#location, file)) return undefined;
    const next = openNextLogFile(this.#location, file);
    return next === undefined ? undefined : [next];
  }

  async #readFile(file: LogFile): Promise<void> {
    while (this.#signal?.aborted !== true) {
      const room = this.#buffer.length - this.#filled;
      const read = readSync(file.fd, this.#buffer, this.#filled, room, this.#offset);
      if (read === 0) {
        if (!this.#wasCut(file)) return;
        continue;
      }
      this.#offset += read;
      this.#filled += read;
      this.#deliverLines();
      const held = this.#consumer.flush();
      if (held !== undefined) await held;
      const turn = this.#turn();
      if (turn !== undefined) await turn;
    }
  }

  /** Somebody emptied the file in place: start again at its beginning. */
  #wasCut(file: LogFile): boolean {
    if (fstatSync(file.fd).size >= this.#offset) return false;
    this.#offset = 0;
    this.#filled = 0;
    return true;
  }

  #deliverLines(): void {
    const buffer = this.#buffer;
    let start = 0;
    for (;;) {
      const newline = buffer.indexOf(NEWLINE, start);
      if (newline < 0 || newline >= this.#filled) break;
      if (this.#skipsLine) this.#skipsLine = false;
      else if (parseLogLine(buffer, start, newline, this.#entry)) this.#deliver(this.#entry);
      else if (newline > start) this.#warn();
      start = newline + 1;
    }
    this.#keepFrom(start);
  }

  #keepFrom(start: number): void {
    const left = this.#filled - start;
    if (left >= LONGEST_ENTRY || (this.#skipsLine && left > 0)) {
      if (!this.#skipsLine) this.#warn();
      this.#skipsLine = true;
      this.#filled = 0;
      return;
    }
    if (left === this.#buffer.length) {
      const larger = Buffer.allocUnsafe(this.#buffer.length * 2);
      this.#buffer.copy(larger, 0, start, this.#filled);
      this.#buffer = larger;
    } else if (start > 0) this.#buffer.copyWithin(0, start, this.#filled);
    this.#filled = left;
  }

  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    log('warn', `log file ${this.#location.path} has lines that are no log entries: they are left out`);
  }
}

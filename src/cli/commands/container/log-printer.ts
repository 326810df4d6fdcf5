import { fstatSync } from 'node:fs';
import { type LogConsumer, type LogEntry, timeText } from '../../../engine/container-logs.ts';
import { printBytes } from '../../output/print.ts';

export interface LogStyle {
  timestamps: boolean;
  color: boolean;
}

/** Prints the logs of one or several containers, each byte as it was logged. */
export interface LogPrinter {
  /** `prefix` stands before each line and its time, `details` before its text, `index` chooses the colour. */
  consumer(words: LineWords, index: number): LogConsumer;
}

export interface LineWords {
  prefix: string;
  details: string;
}

const SIZE = 64 * 1024;
/** podman's order. */
const COLORS = [37, 31, 33, 34, 35, 36, 32];
const RESET = Buffer.from('\u001b[0m');
const NEWLINE = Buffer.from('\n');
const UTC = Buffer.from('+00:00');
const ZULU = Buffer.from('Z ');

/** What is written to stdout and stderr keeps its order where both are the same file. */
export function createLogPrinter(style: LogStyle): LogPrinter {
  const stdout = bufferedOutput(1);
  const stderr = isSameFile() ? stdout : bufferedOutput(2);
  return { consumer: (words, index) => lineConsumer({ 1: stdout, 2: stderr }, style, words, index) };
}

interface Output {
  /** Who wrote a part of a line last, whose rest is to come. */
  openBy: object | undefined;
  write(bytes: Buffer, start: number, end: number): void;
  flush(): void;
}

function lineConsumer(
  outputs: Record<1 | 2, Output>,
  style: LogStyle,
  { prefix, details }: LineWords,
  index: number,
): LogConsumer {
  const color = Buffer.from(style.color ? `\u001b[${COLORS[index % COLORS.length]}m` : '');
  const label = Buffer.from(prefix);
  const attributes = Buffer.from(details);
  const streams = { 1: {}, 2: {} };
  return {
    entry(entry: LogEntry) {
      const output = outputs[entry.stream];
      const self = streams[entry.stream];
      const goesOn = output.openBy === self;
      // Somebody else's line is unfinished: ours does not go into it. Streams of one program mix as on its own terminal.
      if (!goesOn && output.openBy !== undefined && !Object.values(streams).includes(output.openBy))
        put(output, NEWLINE);
      put(output, color);
      if (!goesOn) {
        put(output, label);
        if (style.timestamps) putTime(output, entry);
        put(output, attributes);
      }
      output.write(entry.bytes, entry.textStart, entry.textEnd);
      if (style.color) put(output, RESET);
      if (entry.complete) put(output, NEWLINE);
      output.openBy = entry.complete ? undefined : self;
    },
    flush() {
      outputs[1].flush();
      outputs[2].flush();
    },
  };
}

function put(output: Output, bytes: Buffer): void {
  if (bytes.length > 0) output.write(bytes, 0, bytes.length);
}

function putTime(output: Output, entry: LogEntry): void {
  const { bytes, timeStart, timeEnd } = entry;
  // As the monitor writes it on a host that keeps UTC: no need to make text of it.
  if (timeEnd - timeStart === 35 && bytes.compare(UTC, 0, UTC.length, timeEnd - UTC.length, timeEnd) === 0) {
    output.write(bytes, timeStart, timeEnd - UTC.length);
    put(output, ZULU);
  } else put(output, Buffer.from(`${timeText(entry)} `));
}

function bufferedOutput(fd: 1 | 2): Output {
  const buffer = Buffer.allocUnsafe(SIZE);
  let filled = 0;
  const flush = (): void => {
    if (filled === 0) return;
    const length = filled;
    filled = 0;
    printBytes(fd, buffer.subarray(0, length));
  };
  return {
    openBy: undefined,
    write(bytes, start, end) {
      if (end - start > SIZE - filled) flush();
      if (end - start > SIZE) {
        printBytes(fd, bytes.subarray(start, end));
        return;
      }
      bytes.copy(buffer, filled, start, end);
      filled += end - start;
    },
    flush,
  };
}

function isSameFile(): boolean {
  try {
    const [left, right] = [fstatSync(1), fstatSync(2)];
    return left.dev === right.dev && left.ino === right.ino && left.rdev === right.rdev;
  } catch {
    return false;
  }
}

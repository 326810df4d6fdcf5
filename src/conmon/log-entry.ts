/**
 * One entry of a container's log. To spare an object per line the reader uses one entry again and again: it is valid only during
 * the call that hands it over.
 */
export interface LogEntry {
  stream: LogStream;
  /** False: the line goes on in the next entry of this stream. */
  complete: boolean;
  bytes: Buffer;
  timeStart: number;
  timeEnd: number;
  textStart: number;
  /** Exclusive; the newline of a complete line is not part of it. */
  textEnd: number;
}

/** File descriptor that the program wrote to. */
export type LogStream = 1 | 2;

export function emptyEntry(): LogEntry {
  return {
    stream: 1,
    complete: true,
    bytes: Buffer.alloc(0),
    timeStart: 0,
    timeEnd: 0,
    textStart: 0,
    textEnd: 0,
  };
}

const SPACE = 0x20;
const BRACE = 0x7b;
const LETTER_P = 0x50;
const LETTER_E = 0x65;
/** `2026-01-02T03:04:05.000000006+01:00`, as the monitor writes it. */
const USUAL_TIME = 35;
/** `stdout` and `stderr` differ in their fourth letter. */
const STREAM_LENGTH = 6;
const TELLING_LETTER = 3;

/**
 * Reads one line of a log file (without its newline) into `entry`. The form is told by the line itself: an object is json-file,
 * anything else k8s-file. False for a line that is neither, such as one torn by a power cut.
 */
export function parseLogLine(bytes: Buffer, start: number, end: number, entry: LogEntry): boolean {
  return bytes[start] === BRACE ? parseJson(bytes, start, end, entry) : parseK8s(bytes, start, end, entry);
}

/** TIME STREAM TAG TEXT */
function parseK8s(bytes: Buffer, start: number, end: number, entry: LogEntry): boolean {
  const timeEnd = bytes[start + USUAL_TIME] === SPACE ? start + USUAL_TIME : bytes.indexOf(SPACE, start);
  const stream = timeEnd + 1;
  const tag = stream + STREAM_LENGTH + 1;
  if (timeEnd <= start || tag >= end || bytes[tag - 1] !== SPACE) return false;
  const tagEnd = bytes[tag + 1] === SPACE ? tag + 1 : bytes.indexOf(SPACE, tag);
  // The blank after the tag of an empty line is lost in some writers.
  const textStart = tagEnd < 0 || tagEnd >= end ? end : tagEnd + 1;
  entry.stream = bytes[stream + TELLING_LETTER] === LETTER_E ? 2 : 1;
  entry.complete = bytes[tag] !== LETTER_P;
  entry.bytes = bytes;
  entry.timeStart = start;
  entry.timeEnd = timeEnd;
  entry.textStart = textStart;
  entry.textEnd = end;
  return true;
}

/** {"log":"text\n","stream":"stdout","time":"…"}; text without a newline at its end is a partial line. */
function parseJson(bytes: Buffer, start: number, end: number, entry: LogEntry): boolean {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    return false;
  }
  if (typeof value !== 'object' || value === null) return false;
  const { log, stream, time } = value as { log?: unknown; stream?: unknown; time?: unknown };
  if (typeof log !== 'string' || typeof time !== 'string') return false;
  fillEntry(entry, { stream: stream === 'stderr' ? 2 : 1, time, text: Buffer.from(log) });
  return true;
}

/** For sources that have the parts of an entry, the text with its newline if it is complete. */
export function fillEntry(
  entry: LogEntry,
  parts: { stream: LogStream; time: string; text: Buffer; complete?: boolean },
): void {
  const { text } = parts;
  const newline = text.at(-1) === 0x0a;
  entry.stream = parts.stream;
  entry.complete = parts.complete ?? newline;
  entry.bytes = Buffer.concat([text, Buffer.from(parts.time)]);
  entry.textStart = 0;
  entry.textEnd = newline && parts.complete === undefined ? text.length - 1 : text.length;
  entry.timeStart = text.length;
  entry.timeEnd = entry.bytes.length;
}

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { UnsupportedError } from '../base/errors.ts';
import { emptyEntry, fillEntry } from './log-entry.ts';
import { filterEntries } from './log-filter.ts';
import type { LogConsumer, LogSelection } from './log-reader.ts';

export interface JournalOptions extends LogSelection {
  /** Full id. */
  id: string;
  follow: boolean;
  isActive(): boolean;
}

/** How often a follower looks whether the container has ended, and how long the journal may be silent after that. */
const POLL_MS = 250;

/** Reads a container's entries through journalctl, which knows the journal's format and may read the system's. */
export async function readJournal(options: JournalOptions, consumer: LogConsumer): Promise<void> {
  const program = journalctl(options.id);
  const from = await whereLastLinesBegin(program, options);
  const child = spawn(program, journalArguments(options, from), { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 4096);
  });
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? undefined));
  });
  ended.catch(() => undefined);
  let silent = true;
  const watch = options.follow
    ? setInterval(() => {
        const late = options.until !== undefined && Date.now() >= options.until;
        if (late || (silent && !options.isActive())) child.kill();
        silent = true;
      }, POLL_MS)
    : undefined;
  try {
    const deliver = filterEntries({ ...options, skip: [0, 0, 0] }, (entry) => consumer.entry(entry));
    const entry = emptyEntry();
    for await (const line of linesOf(child.stdout)) {
      silent = false;
      const parts = parseJournalLine(line);
      if (parts === undefined) continue;
      fillEntry(entry, parts);
      deliver(entry);
      await consumer.flush();
    }
    const code = await ended;
    await consumer.flush();
    if (code !== 0 && code !== undefined)
      throw new UnsupportedError(
        `cannot read the journal: journalctl failed: ${complaint.trim() || `exit code ${code}`}`,
      );
  } finally {
    clearInterval(watch);
    child.kill();
  }
}

function journalctl(id: string): string {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, 'journalctl');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  throw new UnsupportedError(
    `cannot read the logs of container ${id}: they are in the journal, and journalctl is not installed`,
  );
}

/**
 * The entry that `tail` lines begin with, going back from the end: a long line is several entries. Undefined where none is left out, or
 * none wanted.
 */
async function whereLastLinesBegin(program: string, options: JournalOptions): Promise<string | undefined> {
  const { tail } = options;
  if (tail === undefined || tail === 0) return undefined;
  const args = [...rangeArguments({ ...options, follow: false }), '--reverse', '--lines=all'];
  const child = spawn(program, [...args, `CONTAINER_ID_FULL=${options.id}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // What is wrong shows, with its reason, when the entries are read.
  child.on('error', () => undefined);
  try {
    let first: string | undefined;
    let lines = 0;
    const isOpen = [false, true, true];
    for await (const line of linesOf(child.stdout)) {
      const entry = parseJournalLine(line);
      if (entry === undefined) continue;
      const endsLine = entry.complete || isOpen[entry.stream] === true;
      isOpen[entry.stream] = false;
      if (endsLine && ++lines > tail) return first;
      first = entry.cursor;
    }
    return undefined;
  } finally {
    child.kill();
  }
}

/** `from` is the cursor of the first entry that is wanted. */
function journalArguments(options: JournalOptions, from: string | undefined): string[] {
  const { id, follow, tail } = options;
  // journalctl takes only one place to begin at.
  const args = rangeArguments(from === undefined ? options : { ...options, since: undefined });
  if (follow) args.push('--follow');
  if (tail === 0) args.push('--lines=0');
  else args.push(follow ? '--no-tail' : '--lines=all');
  if (from !== undefined) args.push(`--cursor=${from}`);
  return [...args, `CONTAINER_ID_FULL=${id}`];
}

function rangeArguments({ follow, since, until }: JournalOptions): string[] {
  const args = ['--quiet', '--no-pager', '--all', '--output=json'];
  args.push('--output-fields=MESSAGE,PRIORITY,CONTAINER_PARTIAL_MESSAGE');
  // journalctl knows only whole seconds; the exact bounds are kept by the filter.
  if (since !== undefined) args.push(`--since=@${Math.floor(since / 1000)}`);
  if (until !== undefined && !follow) args.push(`--until=@${Math.ceil(until / 1000) + 1}`);
  return args;
}

const NEWLINE = 0x0a;

/** Without their newlines. Other separators of lines that Unicode has are part of what a container wrote. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const begun: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      begun.push(chunk.subarray(start, end));
      yield Buffer.concat(begun.splice(0)).toString();
      start = end + 1;
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  }
  if (begun.length > 0) yield Buffer.concat(begun).toString();
}

/** Bytes that are no UTF-8 come as an array of numbers. */
export function parseJournalLine(
  line: string,
): { stream: 1 | 2; time: string; text: Buffer; complete: boolean; cursor: string } | undefined {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const message = value['MESSAGE'];
  const micros = Number(value['__REALTIME_TIMESTAMP']);
  const text = Array.isArray(message) ? Buffer.from(message as number[]) : Buffer.from(String(message ?? ''));
  if (!Number.isFinite(micros)) return undefined;
  const seconds = new Date(Math.floor(micros / 1000)).toISOString().slice(0, 19);
  const fraction = String(micros % 1_000_000).padStart(6, '0');
  return {
    stream: Number(value['PRIORITY'] ?? 6) <= 3 ? 2 : 1,
    time: `${seconds}.${fraction}000Z`,
    text,
    complete: value['CONTAINER_PARTIAL_MESSAGE'] !== 'true',
    cursor: String(value['__CURSOR']),
  };
}

import { UsageError } from '../../base/errors.ts';
import {
  checkReadable,
  logDetails,
  type LogEntry,
  type LogsOptions,
  parseLogTime,
  readContainerLogs,
  timeText,
} from '../../engine/container-logs.ts';
import type { ContainerRecord } from '../../engine/containers.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { frame } from '../frames.ts';
import type { Query } from '../query.ts';
import { sendStream } from '../respond.ts';
import { namedContainer } from './named-container.ts';

export const logs: Handler = async (exchange) => {
  const { query } = exchange;
  const record = namedContainer(exchange);
  const [stdout, stderr] = [query.flag('stdout'), query.flag('stderr')];
  if (!stdout && !stderr) throw new UsageError('Bad parameters: you must choose at least one stream');
  const options: LogsOptions = {
    follow: query.flag('follow'),
    tail: tailOf(query),
    since: timeOf(query, 'since'),
    until: timeOf(query, 'until'),
    signal: exchange.signal,
  };
  checkReadable(record);
  const { terminal } = record.spec.process;
  const kind = terminal || exchange.version.minor < FIRST_WITH_MULTIPLEXED ? 'raw' : 'multiplexed';
  const answer = sendStream(exchange, `application/vnd.docker.${kind}-stream`);
  const write = answer.write;
  await writeLogs(exchange, record, {
    write,
    options,
    stdout,
    stderr,
    timestamps: query.flag('timestamps'),
    ...(query.flag('details') ? { details: logDetails(record.spec, record.id) } : {}),
  });
  answer.end();
};

const FIRST_WITH_MULTIPLEXED = 42;

export interface LogWriting {
  write(bytes: Buffer): Promise<void> | void;
  options: LogsOptions;
  stdout: boolean;
  stderr: boolean;
  timestamps: boolean;
  /** Before the text of each line, after its time. */
  details?: string;
  /** Not in frames, whatever the container has. */
  isRaw?: boolean;
}

/** In frames, unless it was a terminal's. */
export async function writeLogs(
  { engine }: Exchange,
  record: ContainerRecord,
  {
    write,
    options,
    stdout,
    stderr,
    timestamps,
    details = '',
    isRaw = record.spec.process.terminal,
  }: LogWriting,
): Promise<void> {
  let chunks: Buffer[] = [];
  const inLine = [false, false, false];
  await readContainerLogs(engine, record, options, {
    entry: (entry) => {
      if (entry.stream === 2 ? !stderr : !stdout) return;
      const begins = inLine[entry.stream] !== true;
      const text = textOf(entry, { timestamps: timestamps && begins, details: begins ? details : '' });
      inLine[entry.stream] = !entry.complete;
      chunks.push(isRaw ? text : frame(entry.stream, text));
    },
    flush: async () => {
      if (chunks.length === 0) return;
      const bytes = Buffer.concat(chunks);
      chunks = [];
      await write(bytes);
    },
  });
}

function textOf(entry: LogEntry, before: { timestamps: boolean; details: string }): Buffer {
  const { bytes, textStart, textEnd, complete } = entry;
  const parts = [bytes.subarray(textStart, textEnd)];
  const time = before.timestamps ? `${timeText(entry)} ` : '';
  if (time !== '' || before.details !== '') parts.unshift(Buffer.from(time + before.details));
  if (complete) parts.push(NEWLINE);
  return Buffer.concat(parts);
}

const NEWLINE = Buffer.from('\n');

function tailOf(query: Query): number | undefined {
  const text = query.text('tail');
  // docker takes everything that is no number for all lines.
  return text === undefined || !/^\d{1,15}$/.test(text) ? undefined : Number(text);
}

/** What clients send for "not asked for". */
const NO_TIMES = new Set(['0', '0001-01-01T00:00:00Z']);

function timeOf(query: Query, name: string): number | undefined {
  const text = query.text(name);
  return text === undefined || NO_TIMES.has(text) ? undefined : parseLogTime(text, name);
}

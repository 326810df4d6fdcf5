import { TspodError } from '../../base/errors.ts';
import type { PullEvent } from '../../engine/images.ts';
import type { Exchange } from '../exchange.ts';
import { dockerTextOf, sendStream, type StreamAnswer } from '../respond.ts';

/** docker's JSON lines about something that takes long. The answer begins with the first line: what fails before has a status. */
export interface ProgressLines {
  line(document: object): void;
  layer(event: Extract<PullEvent, { kind: 'layer' }>, words: LayerWords): void;
  /** Ends the answer. */
  end(): Promise<void>;
  /** Tells the failure in the stream, if it has begun; otherwise throws it. */
  fail(error: unknown): Promise<void>;
}

export interface LayerWords {
  begins: string;
  goesOn: string;
  ends: readonly string[];
  exists: string;
}

const REPORT_EVERY_MS = 100;

export function progressLines(exchange: Exchange): ProgressLines {
  let answer: StreamAnswer | undefined;
  let sent: Promise<void> = Promise.resolve();
  const lastReports = new Map<string, number>();
  const seen = new Set<string>();
  const line = (document: object): void => {
    answer ??= sendStream(exchange, 'application/json');
    sent = answer.json(document);
  };
  return {
    line,
    layer(event, words) {
      const id = event.digest.slice(7, 19);
      const say = (status: string, more: object = {}) => line({ status, progressDetail: {}, ...more, id });
      if (!seen.has(id) && event.state !== 'exists') say(words.begins);
      seen.add(id);
      if (event.state === 'exists') say(words.exists);
      if (event.state === 'done') for (const status of words.ends) say(status);
      if (event.state !== 'downloading' || Date.now() - (lastReports.get(id) ?? 0) < REPORT_EVERY_MS) return;
      lastReports.set(id, Date.now());
      const { current, total } = event;
      say(words.goesOn, { progressDetail: { current, total }, progress: bar(current, total) });
    },
    async end() {
      await sent;
      (answer ?? sendStream(exchange, 'application/json')).end();
    },
    async fail(error) {
      if (answer === undefined) throw error;
      const message = dockerTextOf(error);
      const code = error instanceof TspodError && error.exitCode !== 125 ? { code: error.exitCode } : {};
      await answer.json({ errorDetail: { ...code, message }, error: message });
      answer.end();
    },
  };
}

const BAR_WIDTH = 50;

function bar(current: number, total: number): string {
  const share = total > 0 ? Math.min(1, current / total) : 0;
  const filled = Math.floor(share * BAR_WIDTH);
  return `[${'='.repeat(filled)}>${' '.repeat(BAR_WIDTH - filled)}]  ${size(current)}/${size(total)}`;
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toPrecision(value >= 1000 ? 4 : 3).replace(/\.?0+$/, '')}${units[unit]}`;
}

import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../base/errors.ts';
import { podStats } from '../../engine/pod-stats.ts';
import type { Handler } from '../exchange.ts';
import { sendJson, sendStream } from '../respond.ts';

const SECOND_MS = 1000;
const DEFAULT_DELAY_S = 5;

/** Once, or again and again with `stream`. */
export const stats: Handler = async (exchange) => {
  const { engine, query, signal } = exchange;
  const names = query.all('namesOrIDs').filter((name) => name !== '');
  const all = query.flag('all');
  if (all && names.length > 0) throw new UsageError('all and names cannot be used together');
  const measure = podStats(engine, { names, all, latest: false });
  const first = await measure();
  if (!query.flag('stream')) {
    sendJson(exchange, 200, first);
    return;
  }
  const seconds = Math.max(1, query.integer('delay') ?? DEFAULT_DELAY_S);
  const answer = sendStream(exchange, 'application/json');
  await answer.json(first);
  for (;;) {
    await delay(seconds * SECOND_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    await answer.json(await measure());
  }
  answer.end();
};

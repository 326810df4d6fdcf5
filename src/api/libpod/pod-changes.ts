import { messageOf } from '../../base/errors.ts';
import { parseSignal } from '../../base/signals.ts';
import { listPodMembers, lookAtPod } from '../../engine/list-pods.ts';
import {
  killPod,
  pausePod,
  type PodRecord,
  removePod,
  restartPod,
  startPod,
  stopPod,
  unpausePod,
} from '../../engine/pods.ts';
import { prunePods } from '../../engine/prune-pods.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendEmpty, sendJson } from '../respond.ts';
import { namedPod } from './pods.ts';

export const start: Handler = async (exchange) => {
  const pod = await namedPod(exchange);
  const { status } = await lookAtPod(exchange.engine, pod);
  if (status === 'Running') return sendEmpty(exchange, 304);
  report(exchange, pod, await startPod(exchange.engine, pod.id));
};

export const stop: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const pod = await namedPod(exchange);
  const { containers } = await lookAtPod(engine, pod);
  const isRunning = containers.some(({ state }) => state === 'running' || state === 'paused');
  if (!isRunning) return sendEmpty(exchange, 304);
  const timeout = query.integer('t');
  const options = timeout === undefined || timeout < 0 ? {} : { timeout };
  report(exchange, pod, await stopPod(engine, pod.id, options));
};

export const restart: Handler = async (exchange) => {
  const pod = await namedPod(exchange);
  report(exchange, pod, await restartPod(exchange.engine, pod.id));
};

export const kill: Handler = async (exchange) => {
  const signal = parseSignal(exchange.query.text('signal') ?? 'SIGKILL');
  const pod = await namedPod(exchange);
  report(exchange, pod, await killPod(exchange.engine, pod.id, signal));
};

export const pause: Handler = async (exchange) => {
  const pod = await namedPod(exchange);
  report(exchange, pod, await pausePod(exchange.engine, pod.id));
};

export const unpause: Handler = async (exchange) => {
  const pod = await namedPod(exchange);
  report(exchange, pod, await unpausePod(exchange.engine, pod.id));
};

export const remove: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const pod = await namedPod(exchange);
  const ids = listPodMembers(engine, pod);
  const timeout = query.integer('timeout');
  await removePod(engine, pod.id, {
    force: query.flag('force'),
    ...(timeout === undefined || timeout < 0 ? {} : { stopTimeout: timeout }),
  });
  sendJson(exchange, 200, {
    Id: pod.id,
    Err: null,
    RemovedCtrs: Object.fromEntries(ids.map((id) => [id, null])),
  });
};

export const prune: Handler = async (exchange) => {
  const { removed } = await prunePods(exchange.engine);
  sendJson(
    exchange,
    200,
    removed.map((Id) => ({ Err: null, Id })),
  );
};

/** What went wrong with single containers is a conflict, which names each. */
function report(exchange: Exchange, pod: PodRecord, failures: readonly unknown[]): void {
  const errors = failures.map(messageOf);
  sendJson(exchange, errors.length === 0 ? 200 : 409, {
    Errs: errors.length === 0 ? null : errors,
    Id: pod.id,
    RawInput: exchange.params['name'] ?? '',
  });
}

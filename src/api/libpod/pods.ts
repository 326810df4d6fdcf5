import { columnsOf } from '../../engine/host-ps.ts';
import { inspectPod } from '../../engine/inspect-pod.ts';
import { listPods, podDocument } from '../../engine/list-pods.ts';
import { topPod } from '../../engine/pod-top.ts';
import { getPodByName, type PodRecord } from '../../engine/pods.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendEmpty, sendJson } from '../respond.ts';

export const list: Handler = async (exchange) => {
  const listed = await listPods(exchange.engine, { filters: exchange.query.filters() });
  sendJson(exchange, 200, listed.map(podDocument));
};

export const inspect: Handler = async (exchange) => {
  const document = await inspectPod(exchange.engine, exchange.params['name'] ?? '');
  sendJson(exchange, 200, document);
};

export const exists: Handler = async (exchange) => {
  await namedPod(exchange);
  sendEmpty(exchange, 204);
};

export const top: Handler = async (exchange) => {
  const words = (exchange.query.text('ps_args') ?? '').split(/[\s,]+/).filter((word) => word !== '');
  const report = await topPod(exchange.engine, await namedPod(exchange), words);
  const [titles = [], ...processes] = 'rows' in report ? report.rows : columnsOf(report.text);
  sendJson(exchange, 200, { Titles: titles, Processes: processes });
};

export async function namedPod({ engine, params }: Exchange): Promise<PodRecord> {
  return await getPodByName(engine, params['name'] ?? '');
}

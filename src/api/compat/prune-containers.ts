import { pruneContainers as prune } from '../../engine/prune-containers.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';

export const pruneContainers: Handler = async (exchange) => {
  const report = await prune(exchange.engine, { filters: exchange.query.filters(), measure: true });
  const [failure] = report.failures;
  if (failure !== undefined && report.removed.length === 0) throw failure;
  sendJson(exchange, 200, { ContainersDeleted: report.removed, SpaceReclaimed: report.reclaimed ?? 0 });
};

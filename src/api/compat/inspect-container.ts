import { dockerContainer } from '../../engine/docker-container.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { settledContainer } from './container-lifecycle.ts';

export const inspectContainer: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const { id } = await settledContainer(exchange);
  sendJson(exchange, 200, await dockerContainer(engine, id, { size: query.flag('size') }));
};

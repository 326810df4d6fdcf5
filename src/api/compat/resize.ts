import { UsageError, WrongStateError } from '../../base/errors.ts';
import { containerPaths, resizeTerminal } from '../../engine/containers.ts';
import type { Handler } from '../exchange.ts';
import type { Query } from '../query.ts';
import { sendEmpty } from '../respond.ts';
import { settledContainer } from './container-lifecycle.ts';

export const resize: Handler = async (exchange) => {
  const size = sizeOf(exchange.query);
  const record = await settledContainer(exchange);
  if (record.state !== 'running') throw new WrongStateError(`Container ${record.id} is not running`);
  resizeTerminal(containerPaths(exchange.engine.paths, record.id).bundle.control, size);
  sendEmpty(exchange, 200);
};

export function sizeOf(query: Query): { height: number; width: number } {
  const [height, width] = [query.integer('h'), query.integer('w')];
  const isSize = (value: number | undefined): value is number =>
    value !== undefined && value >= 0 && value < 65_536;
  if (!isSize(height) || !isSize(width)) throw new UsageError('invalid size of the terminal');
  return { height, width };
}

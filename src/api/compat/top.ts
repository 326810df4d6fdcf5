import { WrongStateError } from '../../base/errors.ts';
import { topContainer } from '../../engine/container-top.ts';
import { columnsOf } from '../../engine/host-ps.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { settledContainer } from './container-lifecycle.ts';

export const top: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const record = await settledContainer(exchange);
  if (record.state !== 'running') throw new WrongStateError(`container ${record.id} is not running`);
  const isDocker = engine.options.asDocker === true;
  const words = (query.text('ps_args') ?? (isDocker ? '-ef' : '')).split(/\s+/).filter(Boolean);
  const report = await topContainer(engine, record, words);
  const [titles = [], ...processes] = 'rows' in report ? report.rows : columnsOf(report.text);
  sendJson(exchange, 200, { Titles: titles, Processes: processes });
};

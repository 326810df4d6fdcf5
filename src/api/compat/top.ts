import { WrongStateError } from '../../base/errors.ts';
import { topContainer } from '../../engine/container-top.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { settledContainer } from './container-lifecycle.ts';

/** The columns of `ps -ef`, read from the host's /proc: images need no ps(1) for it. */
const USUAL = ['user', 'pid', 'ppid', 'pcpu', 'etime', 'tty', 'time', 'args'];
const USUAL_TITLES = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];

export const top: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const record = await settledContainer(exchange);
  if (record.state !== 'running') throw new WrongStateError(`container ${record.id} is not running`);
  const asked = query.text('ps_args') ?? '-ef';
  const isUsual = asked === '-ef';
  const report = await topContainer(engine, record, isUsual ? USUAL : asked.trim().split(/\s+/));
  const [titles = [], ...processes] = 'rows' in report ? report.rows : columnsOf(report.text);
  sendJson(exchange, 200, { Titles: isUsual ? USUAL_TITLES : titles, Processes: processes });
};

/** What ps(1) prints: the last column may have blanks in it. */
export function columnsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const width = (lines[0] ?? '').trim().split(/\s+/).length;
  return lines.map((line) => {
    const words = line.trim().split(/\s+/);
    return [...words.slice(0, width - 1), words.slice(width - 1).join(' ')];
  });
}

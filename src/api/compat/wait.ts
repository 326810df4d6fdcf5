import { UsageError } from '../../base/errors.ts';
import { waitForExitCondition } from '../../engine/next-exit.ts';
import type { Handler } from '../exchange.ts';
import { sendStream } from '../respond.ts';
import { namedContainer } from './named-container.ts';

/** The headers go out at once: `docker run` starts the container only when it has them. */
export const wait: Handler = async (exchange) => {
  const { engine, query, signal } = exchange;
  const condition = query.text('condition') ?? 'not-running';
  if (condition !== 'not-running' && condition !== 'next-exit' && condition !== 'removed')
    throw new UsageError(`invalid condition: ${JSON.stringify(condition)}`);
  const record = namedContainer(exchange);
  const answer = sendStream(exchange, 'application/json');
  const code = await waitForExitCondition(engine, record, condition, signal);
  if (code !== undefined) await answer.json({ StatusCode: code });
  answer.end();
};

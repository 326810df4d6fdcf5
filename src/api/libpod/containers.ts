import { UsageError } from '../../base/errors.ts';
import { findContainer, removeContainer, runHealthcheck, startContainer } from '../../engine/containers.ts';
import { inspectContainer } from '../../engine/inspect-container.ts';
import { exitCodeOfGone, waitForExitCondition } from '../../engine/next-exit.ts';
import { pruneContainers } from '../../engine/prune-containers.ts';
import { checkConditions, waitForCondition } from '../../engine/wait-for-condition.ts';
import { settledContainer } from '../compat/container-lifecycle.ts';
import { namedContainer } from '../compat/named-container.ts';
import type { Handler } from '../exchange.ts';
import { sendEmpty, sendJson, sendStream, textOf } from '../respond.ts';

export const inspect: Handler = async (exchange) => {
  const { engine, query, version } = exchange;
  const { id, spec } = await settledContainer(exchange);
  const document = await inspectContainer(engine, id, { size: query.flag('size') });
  const isOld = version.podmanMajor !== undefined && version.podmanMajor < FIRST_WITH_LISTS;
  if (isOld)
    document['Config'] = {
      ...(document['Config'] as object),
      StopSignal: spec.stopSignal,
      Entrypoint: spec.process.entrypoint.join(' '),
    };
  sendJson(exchange, 200, document);
};

/** Podman's clients before that cannot read an entry point that is a list, nor a signal that is a name. */
const FIRST_WITH_LISTS = 5;

export const exists: Handler = (exchange) => {
  const found = findContainer(exchange.engine.db, exchange.params['id'] ?? '');
  if (found === undefined) namedContainer(exchange);
  sendEmpty(exchange, 204);
};

/** Makes a check now; a failure is in the report. */
export const healthcheck: Handler = async (exchange) => {
  const { health } = await runHealthcheck(exchange.engine, namedContainer(exchange).id);
  sendJson(exchange, 200, health);
};

/** The report of each: here, of one. */
export const remove: Handler = async (exchange) => {
  const { engine, query } = exchange;
  if (query.flag('ignore') && findContainer(engine.db, exchange.params['id'] ?? '') === undefined)
    return sendJson(exchange, 200, []);
  const record = namedContainer(exchange);
  const timeout = query.integer('timeout');
  await removeContainer(engine, record.id, {
    force: query.flag('force'),
    volumes: query.flag('v'),
    dependents: query.flag('depend'),
    ...(timeout === undefined || timeout < 0 ? {} : { stopTimeout: timeout }),
  });
  sendJson(exchange, 200, [{ Id: record.id, Err: null }]);
};

/** The bare exit code; -1 for a state that is no end. */
export const wait: Handler = async (exchange) => {
  const { engine, query, signal } = exchange;
  const conditions = query.list('condition');
  checkConditions(conditions);
  const interval = Number.parseInt(query.text('interval') ?? '250', 10);
  if (!(interval > 0)) throw new UsageError('invalid interval: must be a number of milliseconds');
  const name = exchange.params['id'] ?? '';
  // Clients ask for the end of what they have just run with --rm.
  const known = findContainer(engine.db, name) === undefined ? exitCodeOfGone(engine, name) : undefined;
  if (known !== undefined) return sendJson(exchange, 200, known);
  const record = namedContainer(exchange);
  const answer = sendStream(exchange, 'application/json');
  const isEnd = conditions.every((condition) => condition === 'stopped' || condition === 'exited');
  const code = isEnd
    ? await waitForExitCondition(engine, record, 'not-running', signal)
    : await waitForCondition(engine, record, { conditions, interval, signal });
  if (code !== undefined) await answer.json(code);
  answer.end();
};

export const init: Handler = async (exchange) => {
  const record = await settledContainer(exchange);
  if (record.state === 'initialized') return sendEmpty(exchange, 304);
  const started = await startContainer(exchange.engine, record.id, { initOnly: true });
  started.monitor?.close();
  sendEmpty(exchange, 204);
};

export const prune: Handler = async (exchange) => {
  const report = await pruneContainers(exchange.engine, {
    filters: exchange.query.filters(),
    measure: false,
  });
  sendJson(exchange, 200, [
    ...report.removed.map((Id) => ({ Id, Err: null, Size: 0 })),
    ...report.failures.map((failure) => ({ Id: '', Err: textOf(failure), Size: 0 })),
  ]);
};

import { messageOf, NotFoundError, UsageError, WrongStateError } from '../../base/errors.ts';
import { log } from '../../base/log.ts';
import { parseSignal } from '../../base/signals.ts';
import {
  type ContainerRecord,
  killContainer,
  passesStreams,
  pauseContainer,
  removeContainer,
  renameContainer,
  isRestarting,
  settleQuietly,
  startContainer,
  type StartedContainer,
  type StartOptions,
  stopContainer,
  unpauseContainer,
} from '../../engine/containers.ts';
import type { Engine } from '../../engine/engine.ts';
import { waitForOwnExit } from '../../engine/wait-for-exit.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendEmpty } from '../respond.ts';
import { namedContainer } from './named-container.ts';

const UNCHANGED = 304;

export const start: Handler = async (exchange) => {
  const { engine, service } = exchange;
  const record = await settledContainer(exchange);
  if (record.state === 'running' || record.state === 'stopping') return sendEmpty(exchange, UNCHANGED);
  if (record.state === 'paused')
    throw new WrongStateError('cannot start a paused container, try unpause instead');
  const checkpoint = exchange.query.text('checkpoint');
  if (checkpoint !== undefined) {
    const named = { name: checkpoint, directory: exchange.query.text('checkpoint-dir') };
    await (await import('../../engine/named-checkpoints.ts')).startFromCheckpoint(engine, record, named);
    return sendEmpty(exchange, 204);
  }
  const attach = (socket: string): void => service.waiting.connect(record.id, socket);
  await startWatched(engine, record, {
    ...(service.waiting.has(record.id) && !passesStreams(record.spec) ? { attach, attachTold: true } : {}),
  });
  sendEmpty(exchange, 204);
};

/**
 * This service cleans up after what it started, which spares a process for each; should the service end, the monitor does it. With a
 * restart policy that is the monitor's in any case.
 */
async function startWatched(
  engine: Engine,
  record: ContainerRecord,
  options: Pick<StartOptions, 'attach' | 'attachTold' | 'restart'>,
): Promise<void> {
  const stay = record.spec.restart.name === 'no';
  const started = await startOrDrop(engine, record, { ...options, stay });
  if (!stay || started.monitor === undefined) {
    started.monitor?.close();
    return;
  }
  void waitForOwnExit(engine, started).catch((error: unknown) =>
    log('warn', `cannot clean up container ${record.name}: ${messageOf(error)}`),
  );
}

/** With --rm nothing stays of a container that could not be started: clients wait for its removal. */
async function startOrDrop(
  engine: Engine,
  record: ContainerRecord,
  options: StartOptions,
): Promise<StartedContainer> {
  try {
    return await startContainer(engine, record.id, options);
  } catch (error) {
    if (record.spec.autoRemove)
      await removeContainer(engine, record.id, { force: true, volumes: true, stopTimeout: 0 }).catch(
        (failure: unknown) => log('warn', `cannot remove container ${record.name}: ${messageOf(failure)}`),
      );
    throw error;
  }
}

export const stop: Handler = async (exchange) => {
  const { engine } = exchange;
  const record = await settledContainer(exchange);
  const isOver = record.state === 'exited' && !isRestarting(engine, record);
  if (isOver || record.state === 'created') return sendEmpty(exchange, UNCHANGED);
  await thaw(engine, record);
  await stopContainer(engine, record.id, stopOptions(exchange));
  sendEmpty(exchange, 204);
};

/** docker ends a paused container like any other. */
async function thaw(engine: Engine, { id, state }: ContainerRecord): Promise<void> {
  if (state === 'paused') await unpauseContainer(engine, id);
}

export const restart: Handler = async (exchange) => {
  const { engine } = exchange;
  const record = await settledContainer(exchange);
  await thaw(engine, record);
  await stopContainer(engine, record.id, { ...stopOptions(exchange), forRestart: true });
  await startWatched(engine, record, { restart: true });
  sendEmpty(exchange, 204);
};

export const kill: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const record = await settledContainer(exchange);
  if (!['running', 'paused', 'stopping'].includes(record.state))
    throw new WrongStateError(
      `cannot kill container: ${exchange.params['id']}: container ${record.id} is not running`,
    );
  await killContainer(engine, record.id, parseSignal(query.text('signal') ?? 'KILL'));
  sendEmpty(exchange, 204);
};

export const pause: Handler = async (exchange) => {
  await pauseContainer(exchange.engine, namedContainer(exchange).id);
  sendEmpty(exchange, 204);
};

export const unpause: Handler = async (exchange) => {
  await unpauseContainer(exchange.engine, namedContainer(exchange).id);
  sendEmpty(exchange, 204);
};

export const rename: Handler = async (exchange) => {
  const name = exchange.query.text('name');
  if (name === undefined) throw new UsageError('Neither old nor new names may be empty');
  await renameContainer(exchange.engine, namedContainer(exchange).id, name);
  sendEmpty(exchange, 204);
};

export const remove: Handler = async (exchange) => {
  const { engine, query } = exchange;
  // Its name has two words; one is not enough.
  if (query.flag('link')) throw new NotFoundError('link', exchange.params['id'] ?? '');
  const record = namedContainer(exchange);
  const force = query.flag('force');
  // docker kills at once.
  await removeContainer(engine, record.id, {
    force,
    volumes: query.flag('v'),
    ...(force ? { stopTimeout: 0 } : {}),
  });
  sendEmpty(exchange, 204);
};

/** As it is now; one with `--rm` that has just ended is gone. */
export async function settledContainer(exchange: Exchange): Promise<ContainerRecord> {
  const record = await settleQuietly(exchange.engine, namedContainer(exchange));
  // Gone by now: it is looked for once more, which says so.
  return record ?? namedContainer(exchange);
}

/** `t=-1` waits for ever; it is as good as a year. */
function stopOptions({ query }: Exchange): { timeout?: number; signal?: number } {
  // podman's clients say `timeout`.
  const seconds = query.integer('t') ?? query.integer('timeout');
  const signal = query.text('signal');
  return {
    ...(seconds === undefined ? {} : { timeout: seconds < 0 ? FOR_EVER_S : seconds }),
    ...(signal === undefined ? {} : { signal: parseSignal(signal) }),
  };
}

const FOR_EVER_S = 2_000_000;

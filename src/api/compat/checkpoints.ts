import { UsageError } from '../../base/errors.ts';
import {
  createNamedCheckpoint,
  listNamedCheckpoints,
  removeNamedCheckpoint,
} from '../../engine/named-checkpoints.ts';
import { flagIn, textIn } from '../body.ts';
import type { Handler } from '../exchange.ts';
import { readJson } from '../read-body.ts';
import { sendEmpty, sendJson } from '../respond.ts';
import { namedContainer } from './named-container.ts';

/** docker's `checkpoint create`, `ls` and `rm`. */
export const createCheckpoint: Handler = async (exchange) => {
  const record = namedContainer(exchange);
  const body = await readJson(exchange);
  const name = textIn(body, 'CheckpointID');
  if (name === undefined) throw new UsageError('the name of the checkpoint is missing');
  const exit = flagIn(body, 'Exit') ?? false;
  await createNamedCheckpoint(exchange.engine, record, {
    name,
    directory: textIn(body, 'CheckpointDir'),
    exit,
  });
  sendEmpty(exchange, 201);
};

export const listCheckpoints: Handler = (exchange) => {
  const names = listNamedCheckpoints(exchange.engine, namedContainer(exchange), exchange.query.text('dir'));
  sendJson(
    exchange,
    200,
    names.map((Name) => ({ Name })),
  );
};

export const removeCheckpoint: Handler = async (exchange) => {
  const { engine, params, query } = exchange;
  const checkpoint = { name: params['checkpoint'] ?? '', directory: query.text('dir') };
  await removeNamedCheckpoint(engine, namedContainer(exchange), checkpoint);
  sendEmpty(exchange, 204);
};

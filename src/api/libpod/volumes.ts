import {
  createVolume,
  inspectVolume,
  listVolumes,
  pruneVolumes,
  removeVolume,
  unusedVolumes,
  volumeDocument,
  volumeExists,
} from '../../engine/volumes.ts';
import { NotFoundError } from '../../base/errors.ts';
import { textIn, textMapIn } from '../body.ts';
import { pairs } from '../compat/create-body.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { readJson } from '../read-body.ts';
import { sendEmpty, sendJson } from '../respond.ts';

export const list: Handler = (exchange) => {
  const volumes = listVolumes(exchange.engine, exchange.query.filters());
  sendJson(
    exchange,
    200,
    volumes.map(({ volume }) => volumeDocument(volume)),
  );
};

export const inspect: Handler = async (exchange) =>
  sendJson(exchange, 200, await inspectVolume(exchange.engine, nameOf(exchange)));

export const exists: Handler = (exchange) => {
  const name = nameOf(exchange);
  if (!volumeExists(exchange.engine, name))
    throw new NotFoundError('volume', name, { message: `no volume with name ${JSON.stringify(name)} found` });
  sendEmpty(exchange, 204);
};

export const create: Handler = async (exchange) => {
  const body = await readJson(exchange);
  const name = await createVolume(exchange.engine, {
    name: textIn(body, 'Name'),
    driver: textIn(body, 'Driver') ?? 'local',
    // Podman took the one before it took the other.
    labels: [...pairs(textMapIn(body, 'Label')), ...pairs(textMapIn(body, 'Labels'))],
    options: pairs(textMapIn(body, 'Options')),
    ignore: body['IgnoreIfExists'] === true,
    uid: undefined,
    gid: undefined,
  });
  sendJson(exchange, 201, await inspectVolume(exchange.engine, name));
};

export const remove: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const timeout = query.integer('timeout');
  await removeVolume(engine, nameOf(exchange), { force: query.flag('force'), timeout });
  sendEmpty(exchange, 204);
};

export const prune: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const names = unusedVolumes(engine, { filters: query.filters(), anonymousOnly: false });
  const { removed } = await pruneVolumes(engine, names);
  sendJson(
    exchange,
    200,
    removed.map((Id) => ({ Id, Err: null, Size: 0 })),
  );
};

function nameOf({ params }: Exchange): string {
  return params['name'] ?? '';
}

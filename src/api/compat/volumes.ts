import { NotFoundError, UsageError } from '../../base/errors.ts';
import {
  createVolume,
  dockerVolumeDocument,
  listVolumes,
  pruneVolumes,
  removeVolume,
  unusedVolumes,
  type VolumeRecord,
} from '../../engine/volumes.ts';
import { textIn, textMapIn } from '../body.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { readJson } from '../read-body.ts';
import { sendEmpty, sendJson } from '../respond.ts';

export const list: Handler = (exchange) => {
  const volumes = listVolumes(exchange.engine, exchange.query.filters());
  sendJson(exchange, 200, {
    Volumes: volumes.map(({ volume }) => dockerVolumeDocument(volume)),
    Warnings: [],
  });
};

export const inspect: Handler = (exchange) =>
  sendJson(exchange, 200, dockerVolumeDocument(named(exchange, exchange.params['name'] ?? '')));

/** One of that name that is there already is the answer. */
export const create: Handler = async (exchange) => {
  const body = await readJson(exchange);
  if (body['ClusterVolumeSpec']) throw new UsageError('cluster volumes are not supported');
  const pairs = (map: Record<string, string>): string[] =>
    Object.entries(map).map(([key, value]) => `${key}=${value}`);
  const name = await createVolume(exchange.engine, {
    name: textIn(body, 'Name'),
    driver: textIn(body, 'Driver') ?? 'local',
    labels: pairs(textMapIn(body, 'Labels')),
    options: pairs(textMapIn(body, 'DriverOpts')),
    ignore: true,
    uid: undefined,
    gid: undefined,
  });
  sendJson(exchange, 201, dockerVolumeDocument(named(exchange, name)));
};

export const remove: Handler = async (exchange) => {
  const { engine, params, query } = exchange;
  const name = params['name'] ?? '';
  // docker's force leaves containers alone: it only makes a missing volume no error.
  const exists = listVolumes(engine, []).some(({ volume }) => volume.name === name);
  if (exists || !query.flag('force')) await removeVolume(engine, name, { force: false, timeout: undefined });
  sendEmpty(exchange, 204);
};

/** Anonymous volumes, unless the filter `all` says more. Clients before 1.42 mean all. */
export const prune: Handler = async (exchange) => {
  const { engine, query, version } = exchange;
  const filters = query.filters();
  const wantsAll = filters.some((filter) => /^all=(1|true)$/i.test(filter)) || version.minor < 42;
  const names = unusedVolumes(engine, {
    filters: filters.filter((filter) => !filter.startsWith('all=')),
    anonymousOnly: !wantsAll,
  });
  const { removed, reclaimed } = await pruneVolumes(engine, names);
  sendJson(exchange, 200, { VolumesDeleted: removed, SpaceReclaimed: reclaimed });
};

function named({ engine }: Exchange, name: string): VolumeRecord {
  const found = listVolumes(engine, []).find(({ volume }) => volume.name === name);
  if (found === undefined)
    throw new NotFoundError('volume', name, { message: `get ${name}: no such volume` });
  return found.volume;
}

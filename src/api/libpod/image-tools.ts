import { UsageError } from '../../base/errors.ts';
import { pruneImages } from '../../engine/prune-images.ts';
import { listRemoteTags, searchImages } from '../../engine/search-images.ts';
import { credentialsIn } from '../compat/registry-auth.ts';
import type { Handler } from '../exchange.ts';
import { sendJson, textOf } from '../respond.ts';

export const prune: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const report = await pruneImages(engine, { all: query.flag('all'), filters: query.filters() });
  sendJson(exchange, 200, pruneReports(report));
};

/** podman's report has a line for each; how much of the whole each has freed is not known. */
export function pruneReports({
  removed,
  failures,
  reclaimed,
}: {
  removed: readonly string[];
  failures: readonly unknown[];
  reclaimed?: number | undefined;
}): object[] {
  const gone = removed.map((Id, index) => ({ Id, Err: null, Size: index === 0 ? (reclaimed ?? 0) : 0 }));
  return [...gone, ...failures.map((error) => ({ Id: '', Err: textOf(error), Size: 0 }))];
}

const DEFAULT_LIMIT = 25;

export const search: Handler = async (exchange) => {
  const { engine, query, signal } = exchange;
  const term = query.text('term');
  if (term === undefined) throw new UsageError('term parameter is required');
  const limit = query.integer('limit') || DEFAULT_LIMIT;
  const access = {
    credentials: credentialsIn(exchange),
    ...(query.text('tlsVerify') === undefined ? {} : { tlsVerify: query.flag('tlsVerify') }),
  };
  if (query.flag('listTags')) {
    const tags = await listRemoteTags(engine, term, { ...access, limit });
    sendJson(
      exchange,
      200,
      tags.map((Tag) => ({ ...EMPTY, Name: term, Tag })),
    );
    return;
  }
  const hits = await searchImages(engine, term, { ...access, limit, filters: query.filters(), signal });
  sendJson(
    exchange,
    200,
    hits.map(({ registry, path, description, stars, isOfficial, isAutomated }) => ({
      Index: registry,
      Name: `${registry}/${path}`,
      Description: description,
      Stars: stars,
      Official: isOfficial ? '[OK]' : '',
      Automated: isAutomated ? '[OK]' : '',
      Tag: '',
    })),
  );
};

const EMPTY = { Index: '', Description: '', Stars: 0, Official: '', Automated: '' };

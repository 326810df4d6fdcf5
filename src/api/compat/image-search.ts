import { UsageError } from '../../base/errors.ts';
import { searchImages } from '../../engine/search-images.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { credentialsIn } from './registry-auth.ts';

const DEFAULT_LIMIT = 25;

export const searchHandler: Handler = async (exchange) => {
  const { engine, query, signal } = exchange;
  const term = query.text('term');
  if (term === undefined) throw new UsageError('the parameter term is required');
  const limit = query.integer('limit') || DEFAULT_LIMIT;
  const credentials = credentialsIn(exchange);
  const hits = await searchImages(engine, term, { limit, filters: query.filters(), credentials, signal });
  sendJson(
    exchange,
    200,
    hits.map(({ registry, path, description, stars, isOfficial, isAutomated }) => ({
      name: registry === 'docker.io' ? path.replace(/^library\//, '') : `${registry}/${path}`,
      description,
      star_count: stars,
      is_official: isOfficial,
      is_automated: isAutomated,
    })),
  );
};

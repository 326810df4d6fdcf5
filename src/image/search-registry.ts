import { NotFoundError, RegistryError, TspodError } from '../base/errors.ts';
import { readText } from './bounded-body.ts';
import { endpointsFor } from './endpoints.ts';
import { openRepository } from './open-repository.ts';
import type { RegistryAccess } from './push-options.ts';
import { readRegistriesConf } from './registries-conf.ts';
import type { RegistryClient } from './registry-client.ts';

export interface SearchHit {
  /** `docker.io` and the like. */
  registry: string;
  /** The repository's path there. */
  path: string;
  description: string;
  stars: number;
  isOfficial: boolean;
  isAutomated: boolean;
}

export interface SearchWish {
  registry: string;
  term: string;
  limit: number;
  access: RegistryAccess;
  env?: NodeJS.ProcessEnv | undefined;
  signal?: AbortSignal | undefined;
}

const LARGEST_PAGE = 16 * 1024 * 1024;
const MOST_PAGES = 200;
const PAGE = 1000;

/** By the search of the hub and of registries that have one like it; elsewhere by their list of repositories. */
export async function searchRegistry(wish: SearchWish): Promise<SearchHit[]> {
  const { registry, term, access, signal } = wish;
  const conf = await readRegistriesConf(wish.env);
  const reference = { domain: registry, path: term || 'search', tag: undefined, digest: undefined };
  const endpoint = endpointsFor(conf, reference, access.tlsVerify).at(-1);
  if (endpoint === undefined) throw new Error('no endpoint');
  const open = { endpoint, credentialsFor: registry, options: access, conf, env: wish.env };
  const client = await openRepository({ ...open, access: 'catalog' }, signal);
  try {
    const origin = registry === 'docker.io' ? 'https://index.docker.io' : client.origin;
    const found = await bySearch(client, origin, wish);
    return found ?? (await byCatalog(client, wish));
  } finally {
    await client.close();
  }
}

/** Undefined where there is no such search. */
async function bySearch(
  client: RegistryClient,
  origin: string,
  { registry, term, limit, signal }: SearchWish,
): Promise<SearchHit[] | undefined> {
  const query = new URLSearchParams({ q: term, n: String(limit) });
  const what = `searching ${registry} for ${JSON.stringify(term)}`;
  const target = new URL(`${origin}/v1/search?${query}`);
  let text: string;
  try {
    const answer = await client.send({ target, accept: [200], what, signal });
    text = await readText(answer.body, LARGEST_PAGE, what);
  } catch (error) {
    if (registry === 'docker.io' || !(error instanceof TspodError)) throw error;
    if (error instanceof NotFoundError || (error instanceof RegistryError && error.status !== undefined))
      return undefined;
    throw error;
  }
  const results = listIn(text, 'results', registry === 'docker.io' ? what : undefined);
  return results?.flatMap((value) => hitOf(registry, value)).slice(0, limit);
}

function hitOf(registry: string, value: unknown): SearchHit[] {
  if (typeof value !== 'object' || value === null) return [];
  const result = value as Record<string, unknown>;
  const { name, description, star_count: stars } = result;
  if (typeof name !== 'string' || name === '') return [];
  return [
    {
      registry,
      path: registry === 'docker.io' && !name.includes('/') ? `library/${name}` : name,
      description: typeof description === 'string' ? description : '',
      stars: typeof stars === 'number' ? stars : 0,
      isOfficial: result['is_official'] === true,
      isAutomated: result['is_automated'] === true,
    },
  ];
}

async function byCatalog(
  client: RegistryClient,
  { registry, term, limit, signal }: SearchWish,
): Promise<SearchHit[]> {
  const what = `listing the repositories of ${registry}`;
  const hits: SearchHit[] = [];
  let target = new URL(`${client.origin}/v2/_catalog?n=${PAGE}`);
  for (let page = 0; page < MOST_PAGES && hits.length < limit; page++) {
    const answer = await client.send({ target, accept: [200], what, signal });
    const names = listIn(await readText(answer.body, LARGEST_PAGE, what), 'repositories', what) ?? [];
    for (const path of names) {
      if (typeof path !== 'string' || !path.includes(term)) continue;
      hits.push({ registry, path, description: '', stars: 0, isOfficial: false, isAutomated: false });
    }
    const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(answer.headers['link'] ?? ''))?.[1];
    if (next === undefined) break;
    target = new URL(next, answer.url);
  }
  return hits.slice(0, limit);
}

/** A list in a JSON answer; without one an error that begins with `what`, or undefined where that is not given. */
function listIn(text: string, name: string, what: string | undefined): unknown[] | undefined {
  let list: unknown;
  try {
    list = (JSON.parse(text) as Record<string, unknown> | null)?.[name];
  } catch {
    list = undefined;
  }
  if (Array.isArray(list)) return list;
  if (what === undefined) return undefined;
  throw new RegistryError(`${what}: the answer has no list of ${name}`);
}

import { messageOf, RegistryError, UsageError } from '../base/errors.ts';
import type { RegistryAccess } from '../image/push-options.ts';
import type { SearchHit } from '../image/search-registry.ts';
import type { Engine } from './engine.ts';
import { fetchTags, tlsVerifyFor } from './images.ts';

export type { SearchHit } from '../image/search-registry.ts';

export interface SearchOptions extends RegistryAccess {
  limit: number;
  /** `stars=N`, `is-official`, `is-automated`, with or without `=BOOL`. */
  filters: readonly string[];
  signal?: AbortSignal | undefined;
}

/** `registry/term`, or a term for the search registries of registries.conf (docker: docker.io). */
export async function searchImages(
  engine: Engine,
  typed: string,
  options: SearchOptions,
): Promise<SearchHit[]> {
  const { filters, limit, signal, ...access } = options;
  const matches = predicateOf(filters);
  const { registries, term } = await placesFor(engine, typed);
  const { searchRegistry } = await import('../image/search-registry.ts');
  const hits: SearchHit[] = [];
  const failures: unknown[] = [];
  for (const registry of registries) {
    const tlsVerify = tlsVerifyFor(engine, `${registry}/`, access);
    try {
      const found = await searchRegistry({ registry, term, limit, access: { ...access, tlsVerify }, signal });
      hits.push(...found.filter(matches));
    } catch (error) {
      failures.push(error);
    }
  }
  const [failure] = failures;
  if (failures.length < registries.length || failure === undefined) return hits;
  if (failures.length === 1) throw failure;
  throw new RegistryError(`no registry could be searched: ${failures.map(messageOf).join('; ')}`);
}

/** The tags of one repository, for `search --list-tags`. */
export async function listRemoteTags(
  engine: Engine,
  name: string,
  { limit, ...access }: RegistryAccess & { limit: number },
): Promise<string[]> {
  const tags = await fetchTags(engine, name, access);
  return tags.slice(0, limit);
}

async function placesFor(engine: Engine, typed: string): Promise<{ registries: string[]; term: string }> {
  const bare = typed.replace(/^https?:\/\//, '');
  const slash = bare.indexOf('/');
  const first = bare.slice(0, slash);
  if (slash > 0 && (first.includes('.') || first.includes(':') || first === 'localhost')) {
    return { registries: [first === 'index.docker.io' ? 'docker.io' : first], term: bare.slice(slash + 1) };
  }
  if (engine.options.asDocker === true) return { registries: ['docker.io'], term: bare };
  const { readRegistriesConf } = await import('../image/registries-conf.ts');
  const { unqualifiedSearchRegistries } = await readRegistriesConf();
  if (unqualifiedSearchRegistries.length > 0) return { registries: unqualifiedSearchRegistries, term: bare };
  throw new UsageError('no search registries are defined in registries.conf', {
    hint: `name one: tspod search docker.io/${bare}`,
  });
}

function predicateOf(filters: readonly string[]): (hit: SearchHit) => boolean {
  const tests = filters.map((filter): ((hit: SearchHit) => boolean) => {
    const [key, value] = [filter.replace(/=.*$/s, ''), /=(.*)$/s.exec(filter)?.[1]];
    if (key === 'stars') {
      const least = Number(value);
      if (!/^\d+$/.test(value ?? '')) throw new UsageError(`invalid filter ${filter}: stars takes a number`);
      return ({ stars }) => stars >= least;
    }
    const wanted = value === undefined || ['true', '1'].includes(value);
    if (key === 'is-official') return ({ isOfficial }) => isOfficial === wanted;
    if (key === 'is-automated') return ({ isAutomated }) => isAutomated === wanted;
    throw new UsageError(
      `invalid filter ${JSON.stringify(filter)}: choose stars, is-official or is-automated`,
    );
  });
  return (hit) => tests.every((test) => test(hit));
}

import { UnsupportedError, UsageError } from '../../base/errors.ts';
import { type BuildOptions, cacheSources, cacheTargets } from '../../engine/build.ts';
import { buildOptionsIn } from '../compat/build-options.ts';
import type { Exchange } from '../exchange.ts';

/** What podman's client sends otherwise than docker's, or only it sends. */
export function libpodBuildOptionsIn(exchange: Exchange): BuildOptions {
  const { query } = exchange;
  for (const name of REFUSED)
    if (!saysNothing(query.text(name)))
      throw new UnsupportedError(`the parameter ${name} of a build is not supported`);
  const options = buildOptionsIn({ ...exchange, query: query.without(PODMANS_OWN) });
  const files = list(exchange, 'dockerfile');
  return {
    ...options,
    asDocker: false,
    platforms: list(exchange, 'platform').filter((platform) => platform !== '/'),
    files: files.length === 0 ? ['Dockerfile'] : files,
    pull: pullPolicy(exchange),
    cache: {
      ...options.cache,
      ...cacheSources(list(exchange, 'cachefrom'), { asDocker: false }),
      to: cacheTargets(list(exchange, 'cacheto')),
      pullImages: true,
    },
    result: {
      ...options.result,
      format: /docker/.test(query.text('outputformat') ?? '') ? 'docker' : 'oci',
      layers: query.flag('layers', true),
      labels: new Map(list(exchange, 'labels').map(pair)),
    },
    run: {
      ...options.run,
      network: networkMode(query.text('networkmode')),
      addHosts: list(exchange, 'extrahosts'),
      ulimits: list(exchange, 'ulimits'),
      capAdd: list(exchange, 'addcaps'),
      capDrop: list(exchange, 'dropcaps'),
    },
  };
}

/** Parameters of the same name that mean something else here. */
const PODMANS_OWN = ['dockerfile', 'platform', 'labels', 'ulimits', 'networkmode', 'extrahosts', 'cachefrom'];

const REFUSED = ['secrets', 'additionalbuildcontexts', 'volume', 'devices', 'manifest', 'allplatforms'];

function saysNothing(text: string | undefined): boolean {
  return text === undefined || ['', '0', 'false', '[]', '{}', 'null'].includes(text);
}

/** A JSON list of strings, or a bare string. */
function list({ query }: Exchange, name: string): string[] {
  const texts = query.all(name);
  return texts.flatMap((text) => {
    if (!text.startsWith('[')) return [text];
    const value = parsed(text);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
    throw new UsageError(`invalid parameter ${name}: must be a JSON list of strings`);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function pullPolicy({ query }: Exchange): BuildOptions['pull'] {
  const word = (query.text('pullpolicy') ?? '').toLowerCase();
  if (/always/.test(word)) return 'always';
  if (/never/.test(word)) return 'never';
  return /newer/.test(word) ? 'newer' : 'missing';
}

/** A number of buildah's: 0 default, 1 none, 2 the default as well. */
function networkMode(text: string | undefined): string | undefined {
  if (text === '1') return 'none';
  return text === undefined || /^[02]$/.test(text) ? undefined : text;
}

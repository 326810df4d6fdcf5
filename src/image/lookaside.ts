import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidSpecError, RegistryError } from '../base/errors.ts';
import { readBounded } from './bounded-body.ts';
import type { SignatureContext, SignedImage } from './check-signatures.ts';
import { LARGEST_SIGNATURE } from './limits.ts';
import { registryScopes } from './policy.ts';
import { openHttp } from './registry-http.ts';

const MOST_SIGNATURES = 32;

/** Simple signatures of an image, from where registries.d says that those of its registry lie; the first missing number is the end. */
export async function* fetchSimpleSignatures(
  { env, signal }: SignatureContext,
  { reference, digest }: SignedImage,
): AsyncGenerator<Buffer> {
  const base = lookasideFor(registryScopes(reference), readLookasides(registriesDirectory(env)));
  if (base === undefined) return;
  const place = `${base.replace(/\/$/, '')}/${reference.path}@${digest.replace(':', '=')}`;
  for (let number = 1; number <= MOST_SIGNATURES; number++) {
    const signature = await fetchSignature(new URL(`${place}/signature-${number}`), signal);
    if (signature === undefined) return;
    yield signature;
  }
}

/** Scope -> where signatures are read; '' is the default. */
export type Lookasides = ReadonlyMap<string, string>;

export function lookasideFor(scopes: readonly string[], known: Lookasides): string | undefined {
  return scopes.map((scope) => known.get(scope)).find((one) => one !== undefined);
}

export function registriesDirectory(env: NodeJS.ProcessEnv): string {
  const user = join(
    env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? '/root', '.config'),
    'containers/registries.d',
  );
  return existsSync(user) ? user : '/etc/containers/registries.d';
}

/** `lookaside` (formerly `sigstore`) of all files of a registries.d. */
export function readLookasides(directory: string): Lookasides {
  const found = new Map<string, string>();
  if (!existsSync(directory)) return found;
  for (const name of readdirSync(directory).sort()) {
    if (!name.endsWith('.yaml')) continue;
    const file = join(directory, name);
    const tree = parseNestedMaps(readFileSync(file, 'utf8'), file);
    for (const [path, value] of tree) {
      const key = path.at(-1);
      if (key !== 'lookaside' && key !== 'sigstore') continue;
      if (path[0] === 'default-docker' && path.length === 2) found.set('', value);
      const [section, scope] = path;
      if (section === 'docker' && scope !== undefined && path.length === 3) found.set(scope, value);
    }
  }
  return found;
}

/** The part of YAML that these files use: maps in maps by indentation, with plain or quoted scalars as values. */
function parseNestedMaps(text: string, file: string): [string[], string][] {
  const found: [string[], string][] = [];
  const open: { indent: number; key: string }[] = [];
  for (const line of text.split('\n')) {
    const bare = line.replace(/(^|\s)#.*$/, '').trimEnd();
    if (bare.trim() === '' || bare === '---') continue;
    const match = /^( *)("[^"]+"|'[^']+'|[^\s"'].*?):(?: +(.*))?$/.exec(bare);
    if (match === null) throw new InvalidSpecError(`${file}: cannot read line ${JSON.stringify(line)}`);
    const [, spaces = '', key = '', value = ''] = match;
    while ((open.at(-1)?.indent ?? -1) >= spaces.length) open.pop();
    open.push({ indent: spaces.length, key: unquoted(key) });
    if (value !== '') found.push([open.map((one) => one.key), unquoted(value)]);
  }
  return found;
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2');
}

async function fetchSignature(url: URL, signal: AbortSignal | undefined): Promise<Buffer | undefined> {
  if (url.protocol === 'file:') {
    const path = fileURLToPath(url);
    return existsSync(path) ? readFileSync(path) : undefined;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new InvalidSpecError(`registries.d: cannot read signatures from ${url.protocol}//`);
  const http = openHttp({ host: url.host, certificates: { ca: [], client: undefined }, insecure: false });
  try {
    const answer = await http.send({ url, signal });
    if (answer.status === 200)
      return await readBounded(answer.body, LARGEST_SIGNATURE, `signature ${url.href}`);
    answer.body.on('error', () => {}).destroy();
    if (answer.status === 404) return undefined;
    throw new RegistryError(`reading signature ${url.href}: the server answers ${answer.status}`, {
      status: answer.status,
    });
  } finally {
    await http.close();
  }
}

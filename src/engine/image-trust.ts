import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { errnoOf, NotFoundError, PermissionError, UsageError } from '../base/errors.ts';
import { keyOwners } from '../image/gpg-signature.ts';
import { lookasideFor, registriesDirectory, readLookasides } from '../image/lookaside.ts';
import {
  policyPath,
  type PolicyFile,
  type PolicyRequirement,
  readPolicy,
  registryScopes,
  SYSTEM_POLICY,
} from '../image/policy.ts';
import { parseReference } from '../image/reference.ts';

/** One rule of policy.json as `image trust show` tells it. */
export interface TrustRow {
  /** `all`, `repository`, or the transport's own name. */
  transport: string;
  scope: string;
  type: string;
  /** Whose keys; undefined where there are none. */
  owners: string | undefined;
  /** Where signatures are looked for. */
  store: string | undefined;
}

export const TRUST_TYPES = ['accept', 'reject', 'signedBy', 'sigstoreSigned'] as const;
export type TrustType = (typeof TRUST_TYPES)[number];

export interface TrustPlaces {
  policyPath?: string | undefined;
  registriesPath?: string | undefined;
}

export function trustRows(places: TrustPlaces): TrustRow[] {
  const policy = readPolicy(existingPolicy(places));
  const known = readLookasides(places.registriesPath ?? registriesDirectory(process.env));
  const rows = (policy.default ?? []).map((rule) =>
    rowOf(rule, { transport: 'all', scope: 'default', store: known.get('') }),
  );
  for (const [transport, scopes] of Object.entries(policy.transports ?? {}).sort()) {
    for (const [scope, rules] of Object.entries(scopes).sort()) {
      const isRegistry = transport === 'docker';
      const store = isRegistry && scope !== '' ? lookasideFor(scopesOf(scope), known) : known.get('');
      const place = { transport: isRegistry ? 'repository' : transport, scope, store };
      rows.push(...rules.map((rule) => rowOf(rule, place)));
    }
  }
  return rows;
}

/** The file that is in force. */
export function existingPolicy(places: TrustPlaces): string {
  const path = places.policyPath ?? policyPath() ?? SYSTEM_POLICY;
  if (existsSync(path)) return path;
  throw new NotFoundError('file', path, {
    message: `policy ${path} does not exist: every image is accepted`,
    hint: 'tspod image trust set makes it',
  });
}

export interface TrustChange {
  /** A registry or repository, or `default`. */
  scope: string;
  type: TrustType;
  keys: readonly string[];
}

/** Makes the policy when there is none yet; everything else in it stays. */
export function setTrust(places: TrustPlaces, { scope, type, keys }: TrustChange): void {
  const needsKeys = type === 'signedBy' || type === 'sigstoreSigned';
  if (needsKeys && keys.length === 0)
    throw new UsageError(`at least one public key must be defined for type '${type}'`);
  if (!needsKeys && keys.length > 0)
    throw new UsageError(`public keys are of no use for type '${type}': choose signedBy or sigstoreSigned`);
  for (const key of keys) if (!existsSync(key)) throw new NotFoundError('file', key);
  const path = places.policyPath ?? policyPath() ?? SYSTEM_POLICY;
  const policy: PolicyFile = existsSync(path)
    ? readPolicy(path)
    : { default: [{ type: 'insecureAcceptAnything' }] };
  const rules = rulesFor(type, keys);
  const transports = policy.transports ?? {};
  const next: PolicyFile =
    scope === 'default'
      ? { ...policy, default: rules }
      : { ...policy, transports: { ...transports, docker: { ...transports['docker'], [scope]: rules } } };
  writePolicy(path, `${JSON.stringify(next, undefined, 4)}\n`);
}

function writePolicy(path: string, text: string): void {
  try {
    writeFileAtomic(path, text, { mode: 0o644 });
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const own = path === SYSTEM_POLICY ? `cp ${path} ~/.config/containers/policy.json` : undefined;
    throw new PermissionError(`cannot write policy ${path}: permission denied`, {
      cause: error,
      ...(own === undefined ? {} : { hint: `a policy of your own goes before it: ${own}` }),
    });
  }
}

function rulesFor(type: TrustType, keys: readonly string[]): PolicyRequirement[] {
  switch (type) {
    case 'accept':
      return [{ type: 'insecureAcceptAnything' }];
    case 'reject':
      return [{ type: 'reject' }];
    case 'signedBy':
      return keys.map((keyPath) => ({ type, keyType: 'GPGKeys', keyPath }));
    case 'sigstoreSigned':
      return keys.map((keyPath) => ({ type, keyPath }));
  }
}

function rowOf(rule: PolicyRequirement, place: Pick<TrustRow, 'transport' | 'scope' | 'store'>): TrustRow {
  const names: Record<string, string> = { insecureAcceptAnything: 'accept', signedBy: 'signed' };
  return { ...place, type: names[rule.type ?? ''] ?? rule.type ?? '', owners: ownersOf(rule) };
}

function ownersOf({ type, keyPath, keyPaths }: PolicyRequirement): string | undefined {
  if (type === 'sigstoreSigned') return 'N/A';
  if (type !== 'signedBy') return undefined;
  const paths = [...(keyPath === undefined ? [] : [keyPath]), ...(keyPaths ?? [])];
  return paths.flatMap((path) => keyOwners(path)).join(', ');
}

/** From the scope itself up to its host. */
function scopesOf(scope: string): string[] {
  if (scope.startsWith('*.')) return [scope, ''];
  return scope.includes('/') ? [scope, ...registryScopes(parseReference(scope))] : [scope, ''];
}

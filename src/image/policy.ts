import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf, PermissionError } from '../base/errors.ts';
import { formatReference, type ImageReference, repositoryOf } from './reference.ts';

/** One rule of a policy.json; members that its type does not have are absent. */
export interface PolicyRequirement {
  type?: string;
  keyType?: string;
  keyPath?: string;
  keyPaths?: string[];
  keyData?: string;
  keyDatas?: string[];
  signedIdentity?: SignedIdentity;
  fulcio?: unknown;
  pki?: unknown;
  rekorPublicKeyPath?: string;
  rekorPublicKeyData?: string;
}

/** Which names a signature may be for. */
export interface SignedIdentity {
  type?: string;
  dockerReference?: string;
  dockerRepository?: string;
  prefix?: string;
  signedPrefix?: string;
}

export interface PolicyFile {
  default?: PolicyRequirement[];
  transports?: Record<string, Record<string, PolicyRequirement[]>>;
}

export interface PolicyVerdict {
  /** The policy's own path, for messages. */
  file: string;
  /** All of them have to be met; none asks for nothing. */
  signatures: readonly PolicyRequirement[];
}

/** The user's policy.json, else the system's, unless another is named; undefined when there is none. */
export function policyPath(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return [userPolicy(env), SYSTEM_POLICY].find((one) => existsSync(one));
}

export const SYSTEM_POLICY = '/etc/containers/policy.json';

export function userPolicy(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? '/root', '.config'), 'containers/policy.json');
}

/**
 * Asks policy.json whether an image may come from a registry at all. No file allows everything. Throws PermissionError; what
 * it wants signed is returned.
 */
export function checkPolicy(
  reference: ImageReference,
  { file = undefined as string | undefined, env = process.env } = {},
): PolicyVerdict | undefined {
  const path = file ?? policyPath(env);
  if (path === undefined) return undefined;
  const scopes = registryScopes(reference);
  return judge(path, requirementsFor(readPolicy(path), 'docker', scopes), formatReference(reference));
}

/** The same for an archive or directory: what wants signatures refuses it, for it has none. */
export function checkArchivePolicy(
  transport: string,
  path: string,
  { file = undefined as string | undefined, env = process.env } = {},
): void {
  const policy = file ?? policyPath(env);
  if (policy === undefined) return;
  const requirements = requirementsFor(readPolicy(policy), transport, archiveScopes(path));
  const { signatures } = judge(policy, requirements, `${transport}:${path}`);
  const [first] = signatures;
  if (first !== undefined)
    throw new PermissionError(
      `policy ${policy} wants a signature (${first.type}) on ${transport}:${path}, and archives have none`,
      { hint: `allow the transport ${transport} in the policy, or pull the image from its registry` },
    );
}

export function readPolicy(file: string): PolicyFile {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PolicyFile;
  } catch (error) {
    throw new InvalidSpecError(`reading policy ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** The most specific first: the exact name, the repository, its parents, the host, `*.domain`, then the transport's own default. */
export function registryScopes(reference: ImageReference): string[] {
  const parts = repositoryOf(reference).split('/');
  const labels = reference.domain.split('.');
  return [
    formatReference(reference),
    ...parts.map((_, i) => parts.slice(0, parts.length - i).join('/')),
    ...labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`),
    '',
  ];
}

function archiveScopes(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return [...parts.map((_, i) => `/${parts.slice(0, parts.length - i).join('/')}`), ''];
}

function requirementsFor(
  policy: PolicyFile,
  transport: string,
  scopes: readonly string[],
): readonly PolicyRequirement[] {
  const known = policy.transports?.[transport] ?? {};
  const scope = scopes.find((one) => Array.isArray(known[one]));
  return (scope === undefined ? policy.default : known[scope]) ?? [{ type: 'reject' }];
}

function judge(file: string, requirements: readonly PolicyRequirement[], name: string): PolicyVerdict {
  if (requirements.length === 0 || requirements.some(({ type }) => type === 'reject'))
    throw new PermissionError(`image ${name} is rejected by policy ${file}`);
  return { file, signatures: requirements.filter(({ type }) => type !== 'insecureAcceptAnything') };
}

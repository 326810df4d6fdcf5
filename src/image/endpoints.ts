import { PermissionError } from '../base/errors.ts';
import { formatReference, type ImageReference, repositoryOf } from './reference.ts';
import { matchedLength, type RegistriesConf, ruleFor } from './registries-conf.ts';

/** One place to ask for an image: the registry itself or a mirror of it. */
export interface Endpoint {
  /** `host[:port]` */
  host: string;
  /** The repository's path there. */
  path: string;
  insecure: boolean;
  isMirror: boolean;
}

/**
 * Where to fetch `reference`, mirrors first. A registry that registries.conf blocks is a PermissionError. `tlsVerify` is the
 * command line's word, which wins over the file's `insecure`.
 */
export function endpointsFor(
  conf: RegistriesConf,
  reference: ImageReference,
  tlsVerify: boolean | undefined,
): Endpoint[] {
  const name = formatReference(reference);
  const repository = repositoryOf(reference);
  const rule = ruleFor(conf, name);
  if (rule === undefined) return [endpoint(repository, tlsVerify === false, false)];
  if (rule.blocked) {
    throw new PermissionError(
      `registry ${rule.prefix} is blocked in ${conf.origin} or its drop-in directory: cannot pull ${name}`,
    );
  }
  const rest = repository.slice(matchedLength(rule.prefix, repository));
  const isInsecure = (configured: boolean) => (tlsVerify === undefined ? configured : !tlsVerify);
  const byDigest = reference.digest !== undefined;
  const endpoints = rule.mirrors
    .filter((mirror) => {
      if (rule.mirrorByDigestOnly) return byDigest;
      return mirror.pullFromMirror === 'all' || byDigest === (mirror.pullFromMirror === 'digest-only');
    })
    .map((mirror) => endpoint(mirror.location + rest, isInsecure(mirror.insecure), true));
  const own = rule.location === '' ? repository : rule.location + rest;
  return [...endpoints, endpoint(own, isInsecure(rule.insecure), false)];
}

/** docker trusts registries of this machine without TLS. */
export function isLoopback(name: string): boolean {
  const [domain = ''] = name.replace(/^docker:\/\//, '').split('/');
  return name.includes('/') && /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(domain);
}

function endpoint(location: string, insecure: boolean, isMirror: boolean): Endpoint {
  const slash = location.indexOf('/');
  return { host: location.slice(0, slash), path: location.slice(slash + 1), insecure, isMirror };
}

import { InvalidSpecError } from '../base/errors.ts';
import { type Digest, isDigest } from '../base/ids.ts';

/** A normalised image name: the domain is always there, `docker.io/library/` is spelled out. */
export interface ImageReference {
  domain: string;
  path: string;
  tag: string | undefined;
  digest: Digest | undefined;
}

/** What was typed, taken apart but not yet normalised. */
export interface TypedName {
  /** Domain and path as typed, without tag and digest. */
  name: string;
  tag: string | undefined;
  digest: Digest | undefined;
}

const DOMAIN_COMPONENT = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH_COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const PATH_PATTERN = new RegExp(`^${PATH_COMPONENT}(?:/${PATH_COMPONENT})*$`);
const DOMAIN_PATTERN = new RegExp(`^${DOMAIN}$`);
const TAG_PATTERN = /^\w[\w.-]{0,127}$/;
const LONGEST_NAME = 255;
/** Name, tag and digest of any length that is allowed, and some more. */
const LONGEST_TEXT = 1024;

/**
 * Normalises a name as docker and podman do: no domain means docker.io, docker.io without a namespace means library.
 * Adds no tag. Throws InvalidSpecError with the ecosystem's words.
 */
export function parseReference(text: string): ImageReference {
  const typed = parseTypedName(text);
  const { domain, path } = splitDomain(typed.name);
  return { domain, path, tag: typed.tag, digest: typed.digest };
}

/** Checks the form of a name without adding a domain to it. */
export function parseTypedName(text: string): TypedName {
  // Patterns take long for long names, and archives may hold any.
  if (text.length > LONGEST_TEXT)
    throw invalid(text, `repository name must not be more than ${LONGEST_NAME} characters`);
  const whole = withoutDigest(text);
  const { name, tag } = withoutTag(whole.rest);
  if (name === '') throw invalid(text, 'repository name must have at least one component');
  if (tag !== undefined && !TAG_PATTERN.test(tag)) throw invalid(text, 'invalid reference format');
  if (/^[a-f0-9]{64}$/.test(name)) {
    throw invalid(text, `invalid repository name (${name}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, path } = splitDomain(name);
  if (path !== path.toLowerCase()) throw invalid(text, 'repository name must be lowercase');
  if (!DOMAIN_PATTERN.test(domain) || !PATH_PATTERN.test(path)) {
    throw invalid(text, 'invalid reference format');
  }
  if (domain.length + 1 + path.length > LONGEST_NAME) {
    throw invalid(text, `repository name must not be more than ${LONGEST_NAME} characters`);
  }
  return { name, tag, digest: whole.digest };
}

/** True when no registry is named, so that configuration decides where the image comes from. */
export function isShortName(name: string): boolean {
  const slash = name.indexOf('/');
  return slash === -1 || !namesRegistry(name.slice(0, slash));
}

/** `domain/path`. */
export function repositoryOf(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}`;
}

export function formatReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${repositoryOf(reference)}${tag}${digest}`;
}

/** `latest` where neither tag nor digest is given. */
export function withDefaultTag(reference: ImageReference): ImageReference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: 'latest' };
}

/** With both a tag and a digest only the digest counts. */
export function withoutIgnoredTag(reference: ImageReference): ImageReference {
  if (reference.digest === undefined) return reference;
  return { ...reference, tag: undefined };
}

/** docker's short form: `busybox:latest` for `docker.io/library/busybox:latest`. */
export function familiarName(name: string): string {
  return name.replace(/^docker\.io\//, '').replace(/^library\/(?=[^/]+$)/, '');
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  let domain = 'docker.io';
  let path = name;
  if (slash !== -1 && namesRegistry(name.slice(0, slash))) {
    domain = name.slice(0, slash);
    path = name.slice(slash + 1);
  }
  if (domain === 'index.docker.io') domain = 'docker.io';
  if (domain === 'docker.io' && path !== '' && !path.includes('/')) path = `library/${path}`;
  return { domain, path };
}

function namesRegistry(first: string): boolean {
  return first.includes('.') || first.includes(':') || first === 'localhost';
}

function withoutDigest(text: string): { rest: string; digest: Digest | undefined } {
  const at = text.indexOf('@');
  if (at === -1) return { rest: text, digest: undefined };
  const digest = text.slice(at + 1);
  if (isDigest(digest)) return { rest: text.slice(0, at), digest };
  if (/^[a-z0-9+._-]+:[0-9a-fA-F]{32,}$/.test(digest)) {
    const known = digest.startsWith('sha256:') || digest.startsWith('sha512:');
    throw invalid(text, known ? 'invalid checksum digest length' : 'unsupported digest algorithm');
  }
  throw invalid(text, 'invalid reference format');
}

function withoutTag(text: string): { name: string; tag: string | undefined } {
  const colon = text.lastIndexOf(':');
  if (colon === -1 || text.indexOf('/', colon) !== -1) return { name: text, tag: undefined };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function invalid(text: string, reason: string): InvalidSpecError {
  return new InvalidSpecError(
    `parsing reference ${JSON.stringify(text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_NAME)}…` : text)}: ${reason}`,
  );
}

import { ConflictError, NotFoundError } from '../base/errors.ts';
import type { ImageRecord, ImageStore } from '../storage/store.ts';
import {
  formatReference,
  type ImageReference,
  isShortName,
  parseReference,
  parseTypedName,
  repositoryOf,
  type TypedName,
  withDefaultTag,
  withoutIgnoredTag,
} from './reference.ts';
import type { ShortNamePolicy } from './short-names.ts';

export interface ResolvedImage {
  image: ImageRecord;
  /** The local name by which it was found; '' when an id or a bare digest was given. */
  name: string;
}

export interface ResolveOptions {
  /** Default 'podman'. */
  shortNames?: ShortNamePolicy | undefined;
}

/** Like `lookUpImage`, but an image that is not there is a NotFoundError. */
export async function resolveImage(
  images: ImageStore,
  name: string,
  options: ResolveOptions = {},
): Promise<ResolvedImage> {
  const found = await lookUpImage(images, name, options);
  if (found !== undefined) return found;
  throw new NotFoundError('image', name, {
    message: `${name}: image not known`,
    docker: dockerNoSuchImage(name),
    hint: `try \`tspod pull ${name}\``,
  });
}

/** docker's words, which scripts look for. */
export function dockerNoSuchImage(name: string): string {
  return `No such image: ${/[:@][^/]*$/.test(name) ? name : `${name}:latest`}`;
}

/**
 * Finds a local image by full id, name, name with digest, beginning of an id, or the last components of its name, in this
 * order. Reads registries.conf only when the name leaves a choice. Throws InvalidSpecError for a malformed name and
 * ConflictError for an id that several images share.
 */
export async function lookUpImage(
  images: ImageStore,
  text: string,
  options: ResolveOptions = {},
): Promise<ResolvedImage | undefined> {
  const given = text.replace(/^containers-storage:/, '');
  const id = given.replace(/^sha256:/, '');
  if (/^[0-9a-f]{64}$/.test(id)) return byFullId(images, id);
  if (id !== given) return byIdPrefix(images, id, text);
  if (!isShortName(given)) return byReference(images, parseReference(given));
  return byShortName(images, given, options.shortNames ?? 'podman');
}

async function byShortName(
  images: ImageStore,
  given: string,
  policy: ShortNamePolicy,
): Promise<ResolvedImage | undefined> {
  const typed = parseTypedName(given);
  if (policy === 'docker') {
    const candidates = [parseReference(given), parseReference(`localhost/${given}`)];
    return firstOf(images, candidates) ?? byIdPrefix(images, given, given);
  }
  const endings = typed.digest === undefined ? namesEndingIn(images, typed) : [];
  const [only] = endings;
  if (only !== undefined && endings.length === 1 && !isHex(given)) return byName(images, only);
  if (endings.length === 0) {
    const byId = byIdPrefix(images, given, given);
    if (byId !== undefined) return byId;
  }
  const { localCandidates } = await import('./short-names.ts');
  return (
    firstOf(images, await localCandidates(given)) ??
    byIdPrefix(images, given, given) ??
    (only === undefined ? undefined : byName(images, only)) ??
    byDigestOfSomeRepository(images, typed)
  );
}

function namesEndingIn(images: ImageStore, typed: TypedName): string[] {
  const ending = `/${typed.name}:${typed.tag ?? 'latest'}`;
  const names: string[] = [];
  for (const { name } of images.names()) if (name.endsWith(ending)) names.push(name);
  return names;
}

function firstOf(images: ImageStore, candidates: readonly ImageReference[]): ResolvedImage | undefined {
  for (const candidate of candidates) {
    const found = byReference(images, candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}

function byReference(images: ImageStore, reference: ImageReference): ResolvedImage | undefined {
  const wanted = withDefaultTag(withoutIgnoredTag(reference));
  if (wanted.digest === undefined) return byName(images, formatReference(wanted));
  const image = images.byDigest(repositoryOf(wanted), wanted.digest);
  return image === undefined ? undefined : { image, name: formatReference(wanted) };
}

function byName(images: ImageStore, name: string): ResolvedImage | undefined {
  const image = images.byName(name);
  return image === undefined ? undefined : { image, name };
}

/** A short name with a digest, pulled from a registry that nothing in the configuration mentions. */
function byDigestOfSomeRepository(images: ImageStore, typed: TypedName): ResolvedImage | undefined {
  if (typed.digest === undefined) return undefined;
  const ending = `/${typed.name}@${typed.digest}`;
  for (const image of images.list()) {
    const name = image.repoDigests.find((one) => one.endsWith(ending));
    if (name !== undefined) return { image, name };
  }
  return undefined;
}

function byFullId(images: ImageStore, id: string): ResolvedImage | undefined {
  const image = images.byId(id);
  return image === undefined ? undefined : { image, name: '' };
}

function byIdPrefix(images: ImageStore, prefix: string, text: string): ResolvedImage | undefined {
  if (!isHex(prefix)) return undefined;
  const [image, ...others] = images.byIdPrefix(prefix);
  if (image === undefined) return undefined;
  if (others.length === 0) return { image, name: '' };
  const ids = [image, ...others].map((one) => one.id.slice(0, 12)).join(', ');
  throw new ConflictError(`image id ${JSON.stringify(text)} is ambiguous: it matches ${ids}`, {
    hint: 'give more digits of the id, or a name',
  });
}

function isHex(text: string): boolean {
  return /^[0-9a-f]+$/.test(text);
}

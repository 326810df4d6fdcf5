import { UsageError } from '../base/errors.ts';
import { parsePastTime } from '../base/past-time.ts';
import { resolveImage } from '../image/resolve.ts';
import { MEDIA } from '../oci/image-spec.ts';
import type { Database } from '../state/db.ts';
import { listContainers } from '../libpod/container.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';
import { nameMatcher } from './image-name-pattern.ts';

export interface FilteredImage {
  image: ImageRecord;
  containers: number;
}
/** The names that are left of an image, undefined when it is filtered out. */
export type ImagePredicate = (candidate: FilteredImage) => readonly string[] | undefined;
type Test = (candidate: FilteredImage) => boolean;

const KEYS = [
  'after',
  'before',
  'containers',
  'dangling',
  'digest',
  'id',
  'intermediate',
  'label',
  'manifest',
  'readonly',
  'reference',
  'since',
  'until',
];

/** Different keys mean and; the same key repeated means or, but for labels and times, where all count. */
export async function imagePredicate(
  engine: Engine,
  filters: readonly string[],
  images: readonly ImageRecord[],
): Promise<ImagePredicate> {
  const every: Test[] = [];
  const anyOf = new Map<string, Test[]>();
  const references: ((name: string) => boolean)[] = [];
  for (const filter of filters.flatMap((text) => splitFilter(text))) {
    const { key, value, negated } = filter;
    if (key === 'reference') {
      const matches = nameMatcher(value);
      if (negated) every.push(({ image }) => !image.names.some(matches));
      else references.push(matches);
      continue;
    }
    const test = await testFor(engine, { key, value }, images);
    if (negated) every.push((candidate) => !test(candidate));
    else if (key === 'id' || key === 'digest') anyOf.set(key, [...(anyOf.get(key) ?? []), test]);
    else every.push(test);
  }
  for (const tests of anyOf.values()) every.push((candidate) => tests.some((test) => test(candidate)));
  return (candidate) => {
    if (!every.every((test) => test(candidate))) return undefined;
    if (references.length === 0) return candidate.image.names;
    const names = candidate.image.names.filter((name) => references.some((matches) => matches(name)));
    if (names.length > 0) return names;
    // One that was made here and has lost its name is listed without its repository, and so not found by it.
    const byDigest = candidate.image.repoDigests.some(
      (name) => !name.startsWith('localhost/') && references.some((matches) => matches(name)),
    );
    return byDigest ? candidate.image.names : undefined;
  };
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === MEDIA.ociIndex || mediaType === MEDIA.dockerManifestList;
}

/** Containers by the image that they were made from. */
export function containerIdsByImage(db: Database): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const { id, imageId, spec } of listContainers(db)) {
    const mounted = spec.mounts.flatMap((mount) => (mount.type === 'image' ? [mount.imageId] : []));
    for (const used of new Set(imageId === undefined ? mounted : [imageId, ...mounted]))
      users.set(used, [...(users.get(used) ?? []), id]);
  }
  return users;
}

/** True for images without a name that others were built on. */
export function hidesIntermediate(images: readonly ImageRecord[]): (image: ImageRecord) => boolean {
  return (image) => image.names.length === 0 && images.some((other) => isBuiltOn(other, image));
}

function isBuiltOn(child: ImageRecord, parent: ImageRecord): boolean {
  const steps = parent.config.history;
  if (child.id === parent.id || child.config.history.length <= steps.length || steps.length === 0)
    return false;
  return (
    parent.config.diffIds.every((diffId, index) => child.config.diffIds[index] === diffId) &&
    steps.every((step, index) => {
      const same = child.config.history[index];
      return same?.createdBy === step.createdBy && same?.created === step.created;
    })
  );
}

function splitFilter(text: string): { key: string; value: string; negated: boolean }[] {
  const equals = text.indexOf('=');
  if (equals === -1) {
    throw new UsageError(
      `invalid image filter ${JSON.stringify(text)}: must be in the format "filter=value"`,
    );
  }
  const negated = text[equals - 1] === '!';
  return [{ key: text.slice(0, negated ? equals - 1 : equals), value: text.slice(equals + 1), negated }];
}

async function testFor(
  engine: Engine,
  { key, value }: { key: string; value: string },
  images: readonly ImageRecord[],
): Promise<Test> {
  switch (key) {
    case 'after':
    case 'since': {
      const { image: other } = await resolveImage(engine.store.images, value);
      return ({ image }) => image.createdAt > other.createdAt;
    }
    case 'before': {
      const { image: other } = await resolveImage(engine.store.images, value);
      return ({ image }) => image.createdAt < other.createdAt;
    }
    case 'until': {
      const limit = parsePastTime(value, 'until').getTime();
      return ({ image }) => Date.parse(image.createdAt) < limit;
    }
    case 'dangling': {
      const wanted = asBoolean(key, value);
      return ({ image }) => (image.names.length === 0) === wanted;
    }
    case 'containers': {
      const wanted = asBoolean(key, value);
      return ({ containers }) => containers > 0 === wanted;
    }
    case 'intermediate': {
      const wanted = asBoolean(key, value);
      const isIntermediate = hidesIntermediate(images);
      return ({ image }) => isIntermediate(image) === wanted;
    }
    case 'manifest': {
      const wanted = asBoolean(key, value);
      return ({ image }) => isIndexType(image.manifestType) === wanted;
    }
    case 'readonly': {
      const wanted = asBoolean(key, value);
      return ({ image }) => (image.readOnlyStore !== undefined) === wanted;
    }
    case 'id':
      return ({ image }) => image.id.startsWith(value.replace(/^sha256:/, ''));
    case 'digest':
      return ({ image }) =>
        [image.manifestDigest, ...image.repoDigests.map((name) => name.slice(name.indexOf('@') + 1))].some(
          (digest) => digest.startsWith(value) || digest.startsWith(`sha256:${value}`),
        );
    case 'label':
      return labelTest(value);
    default:
      throw new UsageError(`unsupported filter ${JSON.stringify(key)}: choose from ${KEYS.join(', ')}`);
  }
}

function labelTest(value: string): Test {
  const equals = value.indexOf('=');
  const key = equals === -1 ? value : value.slice(0, equals);
  return ({ image }) => {
    const { labels } = image.config.config;
    return Object.hasOwn(labels, key) && (equals === -1 || labels[key] === value.slice(equals + 1));
  };
}

function asBoolean(key: string, value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new UsageError(`non-boolean value ${JSON.stringify(value)} for ${key} filter`);
}

import { UnsupportedError, UsageError } from '../base/errors.ts';
import { parseTypedName } from '../image/reference.ts';
import type { CacheOptions } from './build-options.ts';

type CacheSources = Pick<CacheOptions, 'from' | 'images'>;

/**
 * `--cache-from`: podman's repositories have an image for each step, so they have no tag; docker's are images. BuildKit's form
 * `type=registry,ref=NAME` is either.
 */
export function cacheSources(texts: readonly string[], { asDocker }: { asDocker: boolean }): CacheSources {
  const names = texts.map((text) => refOf(text, '--cache-from')).filter((name) => name !== undefined);
  const isImage = (name: string): boolean => asDocker || hasTag(name);
  return { from: names.filter((name) => !isImage(name)), images: names.filter(isImage) };
}

/** `--cache-to`. */
export function cacheTargets(texts: readonly string[]): string[] {
  const names = texts.map((text) => refOf(text, '--cache-to')).filter((name) => name !== undefined);
  for (const name of names)
    if (hasTag(name))
      throw new UsageError(`--cache-to ${name}: name a repository, without a tag or digest`, {
        hint: 'each step gets a tag of its own there; to use a whole image as a cache, push it and give it to --cache-from',
      });
  return names;
}

/** Undefined: an image's own history, which every image has. */
function refOf(text: string, flag: string): string | undefined {
  if (!/^type=|,/.test(text)) return text;
  const fields = new Map(
    text.split(',').map((field) => {
      const at = field.indexOf('=');
      return at < 0 ? ['', field] : [field.slice(0, at).toLowerCase(), field.slice(at + 1)];
    }),
  );
  const type = fields.get('type') ?? 'registry';
  const ref = fields.get('ref') ?? fields.get('');
  if (type === 'inline' && flag === '--cache-to') return undefined;
  if (type !== 'registry')
    throw new UnsupportedError(`${flag} type=${type} is not supported: a cache is in a registry`, {
      hint: `${flag} REPOSITORY, or ${flag} type=registry,ref=REPOSITORY`,
    });
  if (ref === undefined || ref === '') throw new UsageError(`${flag} ${text} needs ref=`);
  return ref;
}

function hasTag(name: string): boolean {
  const { tag, digest } = parseTypedName(name);
  return tag !== undefined || digest !== undefined;
}

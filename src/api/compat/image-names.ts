import { NotFoundError } from '../../base/errors.ts';
import { familiarName, findImage, imageExists, type ImageRecord } from '../../engine/images.ts';
import type { Exchange } from '../exchange.ts';

/** `repo` and `tag` of a request as one name; a tag may be a digest. */
export function joinedName(repository: string, tag: string | undefined): string {
  if (tag === undefined) return repository;
  return tag.includes(':') ? `${repository}@${tag}` : `${repository}:${tag}`;
}

/** The image that `{name}` in the path names, and how: docker's words when there is none, or none for the platform. */
export async function namedImage(
  { engine, params }: Pick<Exchange, 'engine' | 'params'>,
  platform?: string,
): Promise<{ image: ImageRecord; name: string }> {
  const name = params['name'] ?? '';
  try {
    return await findImage(engine, name, platform);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    if (platform !== undefined && (await imageExists(engine, name))) throw error;
    const spelled = name.includes(':') ? name : `${name}:latest`;
    throw new NotFoundError('image', name, { message: `No such image: ${spelled}`, cause: error });
  }
}

export function familiarNames(names: readonly string[]): string[] {
  return names.map(familiarName);
}

import { InUseError, NotFoundError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { ForeignContainer } from '../image/foreign-store.ts';
import { lookUpImage } from '../image/resolve.ts';
import { findContainer } from '../libpod/container.ts';
import { findVolume } from '../libpod/volume.ts';
import type { CreateRequest } from '../specgen/create-options.ts';
import { createContainer } from './create-container.ts';
import type { Engine } from './engine.ts';

/** Created as by `create`: what it depends on has to be here. */
export async function takeContainer(
  engine: Engine,
  { name, imageId, image, volumes }: ForeignContainer,
  request: CreateRequest,
): Promise<void> {
  if (findContainer(engine.db, name) !== undefined) throw new InUseError('there is one of that name here');
  if (request.options.rootfs !== true && engine.store.images.byId(imageId) === undefined)
    throw new NotFoundError('image', image, { message: `its image ${image} is not here` });
  const missing = volumes.find((volume) => findVolume(engine, volume) === undefined);
  if (missing !== undefined)
    throw new NotFoundError('volume', missing, { message: `its volume ${missing} is not here` });
  const named = image === '' ? undefined : await lookUpImage(engine.store.images, image);
  const { options } = request;
  options.pull = 'never';
  const found = named?.image.id === imageId ? image : imageId;
  const use = { createCommand: [], keepOwner: false };
  await createContainer(
    engine,
    { ...request, image: options.rootfs === true ? request.image : found },
    migrationHooks(`container ${name}`, image),
    use,
  );
}

/** Nothing is fetched: images come from the store that is migrated. */
export function migrationHooks(what: string, image: string): Parameters<typeof createContainer>[2] {
  return {
    pull: () => {
      throw new NotFoundError('image', image);
    },
    warn: (message: string) => log('warn', `${what}: ${message}`),
  };
}

export function* leftBehind(
  source: string,
  { name, isRunning, hasChanges }: Pick<ForeignContainer, 'name' | 'isRunning' | 'hasChanges'>,
): Generator<string> {
  if (hasChanges)
    yield `container ${name}: the files that it has changed are not taken; ${source} commit makes an image of them`;
  if (isRunning) yield `container ${name} runs with ${source}: stop it there before it is started here`;
}

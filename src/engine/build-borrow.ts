import { NotFoundError } from '../base/errors.ts';
import { hexOf } from '../base/ids.ts';
import { composeImage, type MadeImage } from '../image/made-image.ts';
import { parseImageConfig } from '../oci/image-spec.ts';
import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';
import { untagImage } from './images.ts';
import { pushContext, type RegistryAccess } from './push-image.ts';

/** Fetches an image for its layers: once `use` has taken hold of them, it goes again, unless it was here before under that name. */
export async function borrowImage<T>(
  engine: Engine,
  obtain: () => Promise<{ image: ImageRecord; name: string }>,
  use: (image: ImageRecord) => T,
): Promise<T | undefined> {
  let found: { image: ImageRecord; name: string };
  try {
    found = await obtain();
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
  const { image, name } = found;
  const result = use(image);
  await untagImage(engine, name, [name]);
  if ((engine.store.images.byId(image.id)?.names.length ?? 1) === 0) engine.store.images.remove(image.id);
  return result;
}

/** Sends an image that only the registry will have. */
export async function pushMade(
  engine: Engine,
  made: MadeImage,
  options: RegistryAccess & { destination: string; signal: AbortSignal },
): Promise<void> {
  const { pushImage } = await import('../image/push.ts');
  const parts = composeImage(engine, made);
  const config = parseImageConfig(parts.rawConfig, `configuration of ${options.destination}`);
  const createdAt = config.created ?? '';
  const image: ImageRecord = {
    ...parts,
    id: hexOf(parts.configDigest),
    config,
    ...{ names: [], repoDigests: [], size: 0, createdAt, pulledAt: createdAt },
  };
  await pushImage({ ...pushContext(engine), signal: options.signal }, image, options);
}

import { existsSync, statSync } from 'node:fs';
import { ConflictError, InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import type { ImageRecord } from '../storage/store.ts';
import { changeImages, imageEvent } from './change-images.ts';
import type { PushContext, PushOptions, PushReport } from './push-options.ts';
import { formatReference, parseReference, withDefaultTag } from './reference.ts';
import { type ArchiveName, parseArchiveName, refuseOtherTransport } from './transports.ts';

/** Copies a local image to a registry, or to an archive that `destination` says the place of. */
export async function pushImage(
  context: PushContext,
  image: ImageRecord,
  { destination, ...options }: PushOptions & { destination: string },
): Promise<PushReport> {
  const archive = parseArchiveName(destination);
  if (archive !== undefined) return pushToArchive(context, image, { archive, options });
  refuseOtherTransport(destination, 'push');
  const reference = withDefaultTag(parseReference(destination.replace(/^docker:\/\//, '')));
  if (reference.digest !== undefined)
    throw new InvalidSpecError(`cannot push to ${destination}: a destination has a tag, not a digest`);
  const { pushToRegistry } = await import('./push-registry.ts');
  return pushToRegistry(context, { image, reference, options });
}

interface ArchivePush {
  archive: ArchiveName;
  options: PushOptions;
}

const SAVE_FORMATS = {
  'docker-archive': 'docker-archive',
  'oci-archive': 'oci-archive',
  oci: 'oci-dir',
  dir: 'docker-dir',
} as const;

async function pushToArchive(
  context: PushContext,
  image: ImageRecord,
  { archive, options }: ArchivePush,
): Promise<PushReport> {
  const { transport, path } = archive;
  const format = SAVE_FORMATS[transport];
  if (
    transport === 'docker-archive' &&
    existsSync(path) &&
    statSync(path).isFile() &&
    statSync(path).size > 0
  )
    throw new ConflictError(`${path} exists: a docker-archive cannot be changed`, {
      hint: 'remove it, or choose another file',
    });
  if (transport === 'docker-archive' && options.compression !== undefined && options.compression !== 'none')
    throw new UnsupportedError('the layers of a docker-archive are not compressed');
  const usual = transport.startsWith('oci') ? 'gzip' : 'none';
  const { saveToPath } = await import('./archive-save.ts');
  const manifest = await saveToPath(
    {
      store: context.store,
      images: [{ image, names: nameIn(archive) }],
      format,
      compression: transport === 'docker-archive' ? 'none' : (options.compression ?? usual),
      compressionLevel: options.compressionLevel,
      manifestFormat: options.format ?? (transport === 'dir' ? 'as-it-is' : undefined),
      mayExtend: true,
      temporary: context.temporary,
      progress: context.progress,
    },
    path,
  );
  const name = `${transport}:${path}${archive.image === undefined ? '' : `:${archive.image}`}`;
  changeImages(
    context.db,
    () => {},
    () => [imageEvent('push', image.id, name)],
  );
  context.progress?.({ kind: 'stored', id: image.id });
  return { name, digest: manifest?.digest, manifestSize: Buffer.byteLength(manifest?.text ?? '') };
}

/** docker-archive has full names only; in an OCI layout the name is any text. */
function nameIn({ transport, image }: ArchiveName): string[] {
  if (image === undefined) return [];
  if (transport !== 'docker-archive') return [image];
  return [formatReference(withDefaultTag(parseReference(image)))];
}

import { NotFoundError, UnsupportedError } from '../base/errors.ts';
import { sha256Of } from '../base/ids.ts';
import type { BlobCompression } from './compress-blocks.ts';
import { copyBetweenRegistries } from './copy-between-registries.ts';
import { endpointsFor } from './endpoints.ts';
import { indexDocument, type IndexFormat, type ListEntry, type ManifestList } from './manifest-list.ts';
import { openRepository } from './open-repository.ts';
import type { PushContext, PushOptions, PushReport } from './push-options.ts';
import { pushToRegistry } from './push-registry.ts';
import { formatReference, type ImageReference, parseReference, repositoryOf } from './reference.ts';
import { readRegistriesConf } from './registries-conf.ts';
import type { RegistryClient } from './registry-client.ts';
import { putManifest } from './upload-blob.ts';

export interface ListPush {
  list: ManifestList;
  /** With a tag. */
  reference: ImageReference;
  options: PushOptions;
  /** Push the images, too; otherwise they have to be there. */
  all: boolean;
  addCompression?: readonly BlobCompression[] | undefined;
  format?: IndexFormat | undefined;
}

/** Pushes the images of a list, then the list. */
export async function pushList(context: PushContext, push: ListPush): Promise<PushReport> {
  const { list, reference, options, all, format } = push;
  const client = await openFor(context, reference, { options, access: 'pull,push' });
  try {
    const entries: ListEntry[] = [];
    for (const entry of list.entries) {
      entries.push(all ? await pushEntry(context, client, { ...push, entry }) : entry);
      for (const compression of push.addCompression ?? [])
        entries.push(await pushVariant(context, client, { ...push, entry }, compression));
    }
    const { text, mediaType } = indexDocument({ ...list, entries }, format);
    const { signal } = context;
    await putManifest(client, reference.tag ?? 'latest', { text, mediaType, signal });
    const digest = sha256Of(text);
    return { name: formatReference(reference), digest, manifestSize: Buffer.byteLength(text) };
  } finally {
    await client.close();
  }
}

async function pushEntry(
  context: PushContext,
  client: RegistryClient,
  { entry, reference, options }: ListPush & { entry: ListEntry },
): Promise<ListEntry> {
  const { source } = entry;
  if ('imageId' in source) {
    const image = context.store.images.byId(source.imageId);
    if (image === undefined)
      throw new NotFoundError('image', source.imageId, {
        message: `image ${source.imageId.slice(0, 12)} of the list is no longer in local storage`,
      });
    const target = { ...reference, tag: undefined };
    const { digest, manifestSize, mediaType } = await pushToRegistry(context, {
      image,
      reference: target,
      options,
    });
    return {
      ...entry,
      digest: digest ?? entry.digest,
      size: manifestSize,
      mediaType: mediaType ?? entry.mediaType,
    };
  }
  const from = await openFor(context, parseReference(source.reference), { options, access: 'pull' });
  try {
    await copyBetweenRegistries({ from, to: client, digest: entry.digest, signal: context.signal });
    return entry;
  } finally {
    await from.close();
  }
}

/** The same image with its layers in another compression; the annotation lets podman choose between them. */
async function pushVariant(
  context: PushContext,
  client: RegistryClient,
  push: ListPush & { entry: ListEntry },
  compression: BlobCompression,
): Promise<ListEntry> {
  const { entry } = push;
  if (!('imageId' in entry.source))
    throw new UnsupportedError(
      `--add-compression needs the images of the list in local storage: ${entry.digest} is only in a registry`,
      { hint: 'pull it, and add it to the list from here' },
    );
  const { format: _, ...others } = push.options;
  const options: PushOptions = {
    ...others,
    ...(compression === 'zstd' ? { format: 'oci' } : {}),
    compression,
    compressionLevel: undefined,
    forceCompression: true,
  };
  const pushed = await pushEntry(context, client, { ...push, options });
  const annotations =
    compression === 'zstd'
      ? { ...entry.annotations, 'io.github.containers.compression.zstd': 'true' }
      : entry.annotations;
  return { ...pushed, annotations };
}

async function openFor(
  context: PushContext,
  reference: ImageReference,
  { options, access }: { options: PushOptions; access: 'pull' | 'pull,push' },
): Promise<RegistryClient> {
  const conf = await readRegistriesConf(context.env);
  const endpoint = endpointsFor(conf, reference, options.tlsVerify).at(-1);
  if (endpoint === undefined) throw new Error('no endpoint');
  const credentialsFor = repositoryOf(reference);
  return openRepository(
    { endpoint, credentialsFor, options, conf, env: context.env, access },
    context.signal,
  );
}

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { IntegrityError } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { type Descriptor, isIndex } from '../oci/image-spec.ts';
import { type FetchedManifest, fetchManifest } from './fetch-manifest.ts';
import { streamBlob } from './fetch-blob.ts';
import type { RegistryClient } from './registry-client.ts';
import { hasBlob, mountBlob, putManifest, uploadStream } from './upload-blob.ts';

export interface RegistryCopy {
  from: RegistryClient;
  to: RegistryClient;
  digest: Digest;
  signal: AbortSignal | undefined;
}

/** Copies one image, its bytes as they are, and puts it by its digest. */
export async function copyBetweenRegistries({
  from,
  to,
  digest,
  signal,
}: RegistryCopy): Promise<FetchedManifest> {
  const manifest = await fetchManifest(from, digest, signal);
  if (isIndex(manifest.parsed)) throw new IntegrityError(`${digest} is an index, not an image`);
  const { config, layers } = manifest.parsed;
  const isSameHost = from.endpoint.host === to.endpoint.host;
  for (const blob of [...layers, config]) {
    if (await hasBlob(to, blob.digest, signal)) continue;
    const source = { digest: blob.digest, from: from.endpoint.path };
    if (isSameHost && (await mountBlob(to, source, signal))) continue;
    const sent = await uploadStream(to, () => measured(from, blob, signal), signal);
    if (sent.digest !== blob.digest)
      throw new IntegrityError(`blob ${blob.digest} in ${from.endpoint.host} has digest ${sent.digest}`);
  }
  await putManifest(to, digest, { text: manifest.text, mediaType: manifest.mediaType, signal });
  return manifest;
}

function measured(from: RegistryClient, blob: Descriptor, signal: AbortSignal | undefined) {
  const algorithm = blob.digest.startsWith('sha512:') ? 'sha512' : 'sha256';
  const hash = createHash(algorithm);
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of streamBlob(from, blob, signal) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      yield chunk;
    }
  }
  return {
    stream: Readable.from(hashed(), { objectMode: false, highWaterMark: 1 << 20 }),
    measure: () => ({ digest: `${algorithm}:${hash.copy().digest('hex')}` as Digest, size: blob.size }),
  };
}

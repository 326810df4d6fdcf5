import { IntegrityError, RegistryError } from '../base/errors.ts';
import { type Digest, sha256Of } from '../base/ids.ts';
import { type ImageIndex, type ImageManifest, MEDIA, parseManifest } from '../oci/image-spec.ts';
import { readBounded } from './bounded-body.ts';
import { digestOf } from './digest.ts';
import { LARGEST_MANIFEST } from './limits.ts';
import type { RegistryClient } from './registry-client.ts';

export interface FetchedManifest {
  /** Byte for byte. */
  text: string;
  digest: Digest;
  mediaType: string;
  parsed: ImageManifest | ImageIndex;
}

export const MANIFEST_TYPES: readonly string[] = [
  MEDIA.ociManifest,
  MEDIA.ociIndex,
  MEDIA.dockerManifest,
  MEDIA.dockerManifestList,
];

/** By tag or digest; a digest is checked against the bytes that came. */
export async function fetchManifest(
  client: RegistryClient,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<FetchedManifest> {
  const { host, path } = client.endpoint;
  const what = `reading manifest ${reference} in ${host}/${path}`;
  const answer = await client.send({
    target: `manifests/${reference}`,
    headers: { accept: MANIFEST_TYPES.join(', ') },
    accept: [200],
    what,
    signal,
  });
  const bytes = await readBounded(answer.body, LARGEST_MANIFEST, `manifest ${reference} of ${host}/${path}`);
  const contentType = String(answer.headers['content-type'] ?? '').split(';')[0] ?? '';
  if (contentType === 'text/html') {
    throw new RegistryError(`${what}: the answer is a web page: ${host} is not a container registry`);
  }
  if (reference.includes(':')) {
    const actual = digestOf(reference, bytes);
    if (actual !== reference) {
      throw new IntegrityError(`${what}: its digest is ${actual}, expected ${reference}`);
    }
  }
  const text = bytes.toString('utf8');
  const parsed = parseManifest(text, `manifest ${reference} of ${host}/${path}`);
  const digest = reference.includes(':') ? (reference as Digest) : sha256Of(bytes);
  return { text, digest, mediaType: parsed.mediaType, parsed };
}

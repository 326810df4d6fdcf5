import type { PullOptions } from '../image/pull-options.ts';
import type { RegistryManifest } from '../image/pull-registry.ts';
import { type Descriptor, isIndex, type Platform } from '../oci/image-spec.ts';
import type { Engine } from './engine.ts';
import { type Interruptible, pullContext, shortNames, tlsVerifyFor } from './images.ts';

export interface DistributionReport {
  descriptor: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  platforms: Platform[];
}

/** What a registry says about an image, without fetching it. */
export async function inspectDistribution(
  engine: Engine,
  name: string,
  options: PullOptions & Interruptible,
): Promise<DistributionReport> {
  const { manifest, platform } = await fetchFromRegistry(engine, name, options);
  const { text, digest, mediaType, parsed } = manifest;
  const descriptor = { mediaType, digest, size: Buffer.byteLength(text) };
  if (platform !== undefined) return { descriptor, platforms: [platform] };
  const entries = isIndex(parsed) ? parsed.manifests : [];
  return { descriptor, platforms: entries.flatMap((entry) => entry.platform ?? []) };
}

/** The manifest or index that a name points to in its registry. */
export async function fetchFromRegistry(
  engine: Engine,
  name: string,
  options: PullOptions & Interruptible,
): Promise<RegistryManifest> {
  const { fetchManifestOf } = await import('../image/pull-registry.ts');
  return fetchManifestOf(pullContext(engine, undefined, options.signal), name, {
    shortNames: shortNames(engine),
    ...options,
    tlsVerify: tlsVerifyFor(engine, name, options),
  });
}

import { crashPoint } from '../base/crash-point.ts';
import { messageOf, RegistryError, TspodError, UnsupportedError } from '../base/errors.ts';
import { type Digest, hexOf } from '../base/ids.ts';
import {
  type Descriptor,
  type ImageManifest,
  isIndex,
  MEDIA,
  type Platform,
  parseImageConfig,
} from '../oci/image-spec.ts';
import { storeLayout } from '../storage/layout.ts';
import type { ImageRecord } from '../storage/store.ts';
import { changeImages, imageEvent } from './change-images.ts';
import { type Endpoint, endpointsFor } from './endpoints.ts';
import { fetchBlob, streamBlob } from './fetch-blob.ts';
import { type FetchedManifest, fetchManifest } from './fetch-manifest.ts';
import { LARGEST_CONFIG } from './limits.ts';
import { listTags } from './list-tags.ts';
import { chooseManifest, formatPlatform, isPlatformMatch, wantedPlatform } from './manifest.ts';
import { openRepository } from './open-repository.ts';
import { checkPolicy, type PolicyVerdict } from './policy.ts';
import { pullLayers } from './pull-layers.ts';
import type { PullContext, PullOptions, PullReport } from './pull-options.ts';
import { formatReference, type ImageReference, repositoryOf, withoutIgnoredTag } from './reference.ts';
import { type RegistriesConf, readRegistriesConf } from './registries-conf.ts';
import type { RegistryClient } from './registry-client.ts';
import { pullCandidates } from './short-names.ts';

/** An index may point to an index; deeper than this it is an attack. */
const DEEPEST_INDEX = 3;

export interface PullTask {
  options: PullOptions;
  /** Set for "newer": not fetched again when the registry still has the same. */
  local: ImageRecord | undefined;
}

/**
 * Pulls from the first candidate of a short name, and the first mirror of a registry, that has the image. Nothing is visible of a
 * pull that failed but complete layers, which the next attempt uses.
 */
export function pullFromRegistry(context: PullContext, name: string, task: PullTask): Promise<PullReport> {
  return withFirstSource(context, name, task.options, (client, reference, verdict) =>
    pullFrom(context, client, { ...task, reference, verdict }),
  );
}

/** The tags of a repository. */
export function fetchTagsFromRegistry(
  context: PullContext,
  name: string,
  options: PullOptions,
): Promise<string[]> {
  return withFirstSource(context, name, options, (client) => listTags(client, context.signal));
}

export interface RegistryManifest {
  /** Normalised, with the tag or digest that was asked for. */
  name: string;
  manifest: FetchedManifest;
  /** Of an image that is not an index. */
  platform: Platform | undefined;
}

/** The manifest or index that a name points to. */
export function fetchManifestOf(
  context: PullContext,
  name: string,
  options: PullOptions,
): Promise<RegistryManifest> {
  const { signal } = context;
  return withFirstSource(context, name, options, async (client, reference) => {
    const full = formatReference(reference);
    const manifest = await fetchManifest(client, reference.digest ?? reference.tag ?? 'latest', signal);
    if (isIndex(manifest.parsed)) return { name: full, manifest, platform: undefined };
    const rawConfig = await fetchConfig(client, manifest.parsed.config, { name: full, signal });
    const { os, architecture, variant } = parseImageConfig(rawConfig, `configuration of ${full}`);
    const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    return { name: full, manifest, platform };
  });
}

type Work<T> = (
  client: RegistryClient,
  reference: ImageReference,
  verdict: PolicyVerdict | undefined,
) => Promise<T>;

/** Runs `work` against each candidate and mirror until one succeeds. */
async function withFirstSource<T>(
  context: PullContext,
  name: string,
  options: PullOptions,
  work: Work<T>,
): Promise<T> {
  const conf = await readRegistriesConf(context.env);
  const failures: unknown[] = [];
  for (const candidate of pullCandidates(conf, name, options.shortNames)) {
    const reference = withoutIgnoredTag(candidate);
    const full = formatReference(reference);
    context.progress?.({ kind: 'trying', name: full });
    const verdict = checkPolicy(reference, { file: options.signaturePolicy, env: context.env });
    for (const endpoint of endpointsFor(conf, reference, options.tlsVerify)) {
      try {
        return await withClient(context, { endpoint, reference, options, conf, verdict }, work);
      } catch (error) {
        context.signal?.throwIfAborted();
        if (!(error instanceof TspodError)) throw error;
        // What a mirror lacks is no news when the registry itself answers next.
        failures.push(error);
        context.progress?.({ kind: 'failed', name: full, reason: messageOf(error) });
      }
    }
  }
  throw combine(failures);
}

interface Source {
  endpoint: Endpoint;
  reference: ImageReference;
  options: PullOptions;
  conf: RegistriesConf;
  verdict: PolicyVerdict | undefined;
}

async function withClient<T>(context: PullContext, source: Source, work: Work<T>): Promise<T> {
  const { endpoint, reference, options, conf, verdict } = source;
  // Of the place that is asked: registries.conf may lead elsewhere than the name says, and what was given is for the name's own.
  const isElsewhere = endpoint.host !== reference.domain;
  const given = isElsewhere ? { ...options, credentials: undefined, creds: undefined } : options;
  const at = isElsewhere ? `${endpoint.host}/${endpoint.path}` : repositoryOf(reference);
  const wish = { endpoint, credentialsFor: at, options: given, conf, env: context.env };
  const client = await openRepository(wish, context.signal);
  try {
    return await work(client, reference, verdict);
  } finally {
    await client.close();
  }
}

interface Wanted {
  reference: ImageReference;
  verdict: PolicyVerdict | undefined;
}

async function pullFrom(
  context: PullContext,
  client: RegistryClient,
  { options, local, reference, verdict }: PullTask & Wanted,
): Promise<PullReport> {
  const { store, signal } = context;
  const name = formatReference(reference);
  const platform = wantedPlatform(options);
  const { manifest, digests } = await findManifest(client, reference, { platform, signal });
  const image = manifest.parsed as ImageManifest;
  if (verdict !== undefined && verdict.signatures.length > 0) {
    const { checkSignatures } = await import('./check-signatures.ts');
    const temporary = context.temporary ?? storeLayout(store.graphRoot).tmp;
    const surroundings = { client, temporary, env: context.env ?? process.env, signal };
    await checkSignatures(surroundings, { reference, digest: manifest.digest }, verdict);
  }
  crashPoint('pull-after-manifest');
  if (local !== undefined && local.id === hexOf(image.config.digest)) {
    return { image: local, name, pulled: false, warnings: [] };
  }
  const rawConfig = await fetchConfig(client, image.config, { name, signal });
  const config = parseImageConfig(rawConfig, `configuration of ${name}`);
  const top = await pullLayers({
    store,
    leaseDirectory: context.leaseDirectory,
    layers: image.layers,
    diffIds: config.diffIds,
    open: (layer, stop, partial) => streamBlob(client, layer, stop, partial),
    partials: context.temporary ?? storeLayout(store.graphRoot).tmp,
    signal,
    progress: context.progress,
    what: name,
  });
  context.progress?.({ kind: 'config', digest: image.config.digest });
  crashPoint('pull-before-image');
  const record = changeImages(
    context.db,
    () =>
      store.images.add({
        manifest: manifest.text,
        manifestType: manifest.mediaType,
        rawConfig,
        topLayerId: top?.id,
        names: reference.digest === undefined ? [name] : [],
        digests: digests.map((digest) => [repositoryOf(reference), digest] as const),
      }),
    ({ id }) => [imageEvent('pull', id, name)],
  );
  context.progress?.({ kind: 'stored', id: record.id });
  const warnings = isPlatformMatch(config, platform)
    ? []
    : [
        `image platform (${formatPlatform(config)}) does not match the expected platform (${formatPlatform(platform)})`,
      ];
  return { image: record, name, pulled: true, warnings };
}

/** The image's manifest, and the digests by which it can be found again: its own and those of the indexes above it. */
async function findManifest(
  client: RegistryClient,
  reference: ImageReference,
  { platform, signal }: { platform: Platform; signal: AbortSignal | undefined },
): Promise<{ manifest: FetchedManifest; digests: Digest[] }> {
  const digests: Digest[] = [];
  let wanted: string = reference.digest ?? reference.tag ?? 'latest';
  for (let depth = 0; depth <= DEEPEST_INDEX; depth++) {
    const manifest = await fetchManifest(client, wanted, signal);
    digests.push(manifest.digest);
    if (!isIndex(manifest.parsed)) return { manifest, digests };
    wanted = chooseManifest(manifest.parsed, platform, formatReference(reference)).digest;
  }
  throw new UnsupportedError(`${formatReference(reference)}: indexes are nested too deeply`);
}

async function fetchConfig(
  client: RegistryClient,
  config: Descriptor,
  { name, signal }: { name: string; signal: AbortSignal | undefined },
): Promise<string> {
  if (config.mediaType !== MEDIA.ociConfig && config.mediaType !== MEDIA.dockerConfig) {
    throw new UnsupportedError(
      `${name} is an artifact of type ${config.mediaType || 'unknown'}, not a container image`,
    );
  }
  const what = `configuration ${config.digest} of ${name}`;
  return (await fetchBlob(client, config, { limit: LARGEST_CONFIG, what, signal })).toString('utf8');
}

function combine(failures: readonly unknown[]): unknown {
  if (failures.length === 1) return failures[0];
  const last = failures.at(-1);
  const lines = failures.map((failure) => `\n * ${messageOf(failure)}`).join('');
  const hint = last instanceof TspodError && last.hint !== undefined ? { hint: last.hint } : {};
  return new RegistryError(`${failures.length} errors occurred while pulling:${lines}`, {
    cause: last,
    ...hint,
  });
}

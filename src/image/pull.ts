import { NotFoundError, TspodError } from '../base/errors.ts';
import { isPlatformMatch, namesPlatform, wantedPlatform } from './manifest.ts';
import type { PullContext, PullOptions, PullReport } from './pull-options.ts';
import { lookUpImage } from './resolve.ts';
import { type ArchiveName, OWN_STORAGE, parseArchiveName, refuseOtherTransport } from './transports.ts';

/**
 * Brings one image here as the policy wants: not at all, or from a registry, or from an archive that `name` says the place of.
 * Afterwards the name points to it. What speaks to registries is loaded only when one is asked.
 */
export async function pullImage(
  context: PullContext,
  name: string,
  options: PullOptions = {},
): Promise<PullReport> {
  const archive = parseArchiveName(name);
  if (archive !== undefined) return pullArchive(context, archive, options);
  if (name.startsWith(OWN_STORAGE)) return fromOwnStorage(context, name, options);
  refuseOtherTransport(name, 'pull');
  const wanted = name.replace(/^docker:\/\//, '');
  const policy = options.policy ?? 'always';
  const local = policy === 'always' ? undefined : await findLocal(context, wanted, options);
  if (policy === 'missing' && local !== undefined) return local;
  if (policy === 'never') {
    if (local !== undefined) return local;
    throw new NotFoundError('image', name, {
      message: `${name}: image not known`,
      hint: `the pull policy is "never": try \`tspod pull ${name}\``,
    });
  }
  const { pullFromRegistry } = await import('./pull-registry.ts');
  try {
    return await pullFromRegistry(context, wanted, { options, local: local?.image });
  } catch (error) {
    if (local === undefined || context.signal?.aborted || !(error instanceof TspodError)) throw error;
    // "newer" means: newer if there is one; a registry out of reach has none.
    return { ...local, warnings: [`could not check for a newer image: ${error.message}`] };
  }
}

/** Nothing to copy: it is here, or it is not. */
async function fromOwnStorage(
  context: PullContext,
  name: string,
  { shortNames }: PullOptions,
): Promise<PullReport> {
  const found = await lookUpImage(context.store.images, name, { shortNames });
  if (found !== undefined) return { ...found, pulled: false, warnings: [] };
  throw new NotFoundError('image', name, { message: `${name}: image not known` });
}

async function pullArchive(
  context: PullContext,
  archive: ArchiveName,
  options: PullOptions,
): Promise<PullReport> {
  const { loadImages } = await import('./archive-load.ts');
  const { platform, os, arch, variant } = options;
  const loaded = await loadImages(context, archive.path, {
    only: archive.image,
    ...{ platform, os, arch, variant },
    signaturePolicy: options.signaturePolicy,
  });
  const [first] = loaded;
  if (first === undefined) throw new NotFoundError('image', archive.path);
  return { image: first.image, name: first.names[0] ?? first.image.id, pulled: true, warnings: [] };
}

/** The tags of a repository, for `pull --all-tags`. */
export async function fetchTags(
  context: PullContext,
  name: string,
  options: PullOptions = {},
): Promise<string[]> {
  const { fetchTagsFromRegistry } = await import('./pull-registry.ts');
  return fetchTagsFromRegistry(context, name.replace(/^docker:\/\//, ''), options);
}

async function findLocal(
  context: PullContext,
  name: string,
  options: PullOptions,
): Promise<PullReport | undefined> {
  const found = await lookUpImage(context.store.images, name, { shortNames: options.shortNames });
  if (found === undefined) return undefined;
  if (namesPlatform(options) && !isPlatformMatch(found.image.config, wantedPlatform(options))) {
    return undefined;
  }
  return { ...found, pulled: false, warnings: [] };
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import { parseImageConfig } from '../oci/image-spec.ts';
import { chainIds } from './digest.ts';
import { readDockerContainers } from './docker-containers.ts';
import type { ForeignImage, ForeignStore, ForeignVolume } from './foreign-store.ts';

/** What lies in docker's data root with the driver overlay2 (not in containerd's image store). Nothing of it is changed. */
export function readDockerStore(root: string): ForeignStore {
  const database = join(root, 'image/overlay2');
  if (!existsSync(join(database, 'repositories.json')))
    throw new NotFoundError('file', root, {
      message: `${root} is no data root of docker with the driver overlay2: it has no image/overlay2/repositories.json`,
      hint: 'name the right directory with --source; images in containerd’s store come by docker save and tspod load',
    });
  const names = namesById(join(database, 'repositories.json'));
  const configs = join(database, 'imagedb/content/sha256');
  const ids = existsSync(configs) ? readdirSync(configs).sort() : [];
  const volumes = volumesOf(join(root, 'volumes'));
  return {
    images: ids.map((id) => () => readImage(root, { id, names: names.get(id) ?? [] })),
    volumes,
    secrets: [],
    containers: readDockerContainers(root),
    notes: volumes.length === 0 ? [] : ["labels of volumes are in docker's database: they are not taken"],
  };
}

function readImage(root: string, { id, names }: { id: string; names: string[] }): ForeignImage {
  const database = join(root, 'image/overlay2');
  const rawConfig = readFileSync(join(database, 'imagedb/content/sha256', id), 'utf8');
  const what = names[0] ?? id.slice(0, 12);
  const { diffIds } = parseImageConfig(rawConfig, `configuration of ${what}`);
  const layers = chainIds(diffIds).map((chainId) => {
    const layer = join(database, 'layerdb/sha256', chainId.replace('sha256:', ''));
    const split = join(layer, 'tar-split.json.gz');
    if (!existsSync(split))
      throw new InvalidSpecError(`layer ${chainId.slice(7, 19)} of ${what} has no tar-split in ${layer}`);
    const cacheId = readFileSync(join(layer, 'cache-id'), 'utf8').trim();
    return { split, files: join(root, 'overlay2', cacheId, 'diff') };
  });
  return { id, names, rawConfig, manifest: undefined, layers };
}

/** repositories.json: repository -> name or digest -> id. */
function namesById(file: string): Map<string, string[]> {
  const { Repositories } = readJson<{ Repositories?: Record<string, Record<string, string>> }>(file);
  const found = new Map<string, string[]>();
  for (const references of Object.values(Repositories ?? {}))
    for (const [name, digest] of Object.entries(references)) {
      const id = digest.replace('sha256:', '');
      found.set(id, [...(found.get(id) ?? []), name]);
    }
  return found;
}

function volumesOf(directory: string): ForeignVolume[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => existsSync(join(directory, name, '_data')))
    .sort()
    .map((name) => ({
      name,
      data: join(directory, name, '_data'),
      definition: () => ({
        labels: {},
        options: volumeOptions(join(directory, name, 'opts.json')),
        isAnonymous: false,
      }),
    }));
}

function volumeOptions(file: string): Record<string, string> {
  const { MountType, MountOpts, MountDevice } = existsSync(file)
    ? readJson<{ MountType?: string; MountOpts?: string; MountDevice?: string }>(file)
    : {};
  const options = Object.entries({ type: MountType, o: MountOpts, device: MountDevice }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== '',
  );
  return Object.fromEntries(options);
}

function readJson<T>(file: string): T {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import type { ForeignImage, ForeignStore, ForeignVolume } from './foreign-store.ts';
import { holdsFiles } from './holds-files.ts';
import { podmanSecrets } from './podman-secrets.ts';
import { type PodmanState, readPodmanState } from './podman-state.ts';

interface ImageRow {
  id: string;
  names?: string[];
  layer?: string;
}
interface LayerRow {
  id: string;
  parent?: string;
}
interface ContainerRow {
  id: string;
  names?: string[];
  layer?: string;
}

const DRIVERS = ['overlay', 'vfs'] as const;
type Driver = (typeof DRIVERS)[number];

/** What lies in a graph root of podman, buildah or CRI-O. Nothing of it is locked or changed. */
export function readPodmanStore(root: string): ForeignStore {
  const drivers = DRIVERS.filter((driver) => existsSync(join(root, `${driver}-images/images.json`)));
  if (drivers.length === 0)
    throw new NotFoundError('file', root, {
      message: `${root} is no storage of podman: it has neither overlay-images nor vfs-images`,
      hint: 'name the right directory with --source; podman info --format "{{.Store.GraphRoot}}" tells it',
    });
  const images = drivers.flatMap((driver) => imagesOf(root, driver));
  const rows = drivers.flatMap((driver) =>
    readRows<ContainerRow>(join(root, `${driver}-containers/containers.json`)).map((row) => ({
      ...row,
      driver,
    })),
  );
  const state = readPodmanState(root);
  return {
    images,
    volumes: volumesOf(join(root, 'volumes'), state),
    secrets: podmanSecrets(root),
    containers: [],
    ...(state === undefined ? {} : { podman: { state, hasChanges: (id) => hasChanges(root, rows, id) } }),
    notes: unknownContainers(rows, state),
  };
}

function imagesOf(root: string, driver: Driver): (() => ForeignImage)[] {
  const layers = new Map(
    ['layers.json', 'volatile-layers.json']
      .flatMap((name) => readRows<LayerRow>(join(root, `${driver}-layers`, name)))
      .map((layer) => [layer.id, layer]),
  );
  return readRows<ImageRow>(join(root, `${driver}-images/images.json`)).map((image) => () => {
    const what = image.names?.[0] ?? image.id.slice(0, 12);
    const directory = join(root, `${driver}-images`, image.id);
    const rawConfig = bigData(directory, `sha256:${image.id}`);
    const manifest = bigData(directory, 'manifest');
    if (rawConfig === undefined)
      throw new InvalidSpecError(
        manifest?.includes('"manifests"')
          ? `${what} is a manifest list: make it again with tspod manifest create`
          : `${what} has no configuration in ${directory}`,
      );
    return {
      id: image.id,
      names: image.names ?? [],
      rawConfig,
      manifest,
      layers: chainOf(image.layer, layers).map((id) => placesOf(root, driver, { id, what })),
    };
  });
}

function placesOf(root: string, driver: Driver, { id, what }: { id: string; what: string }) {
  const split = join(root, `${driver}-layers`, `${id}.tar-split.gz`);
  if (!existsSync(split))
    throw new InvalidSpecError(
      `layer ${id.slice(0, 12)} of ${what} has no tar-split: save the image with podman save and load it`,
    );
  return { split, files: driver === 'vfs' ? join(root, 'vfs/dir', id) : join(root, driver, id, 'diff') };
}

/** From the base up. */
function chainOf(top: string | undefined, layers: ReadonlyMap<string, LayerRow>): string[] {
  const chain: string[] = [];
  for (let id = top; id !== undefined && id !== '' && chain.length <= layers.size; ) {
    chain.unshift(id);
    id = layers.get(id)?.parent;
  }
  return chain;
}

/** Simple names are files of that name, others are spelled in base64. */
function bigData(directory: string, key: string): string | undefined {
  const names = [key, `=${Buffer.from(key).toString('base64')}`];
  const file = names.map((name) => join(directory, name)).find((path) => existsSync(path));
  return file === undefined ? undefined : readFileSync(file, 'utf8');
}

function volumesOf(directory: string, state: PodmanState | undefined): ForeignVolume[] {
  if (!existsSync(directory)) return [];
  return (
    readdirSync(directory)
      .filter((name) => existsSync(join(directory, name, '_data')))
      // What podman does not know is left from a volume that it could not make.
      .filter((name) => state === undefined || state.volumes.has(name))
      .sort()
      .map((name) => ({
        name,
        data: join(directory, name, '_data'),
        definition: () => {
          const { labels, volumeOptions, isAnon } = state?.volumes.get(name)?.() ?? {};
          return { labels: labels ?? {}, options: volumeOptions ?? {}, isAnonymous: isAnon === true };
        },
      }))
  );
}

/** Buildah's and CRI-O's have a root, but no definition that podman knows. */
function unknownContainers(rows: readonly ContainerRow[], state: PodmanState | undefined): string[] {
  const known = new Set(state?.containers.map(({ id }) => id));
  return rows
    .filter(({ id }) => !known.has(id))
    .map(({ id, names }) => {
      const name = names?.[0] ?? id.slice(0, 12);
      return `container ${name} is not taken: podman's database does not know it (buildah and CRI-O keep theirs elsewhere)`;
    });
}

/** Empty files and links that podman makes to mount on, or itself. */
const MADE_BY_PODMAN = new Set([
  ...['etc/hosts', 'etc/hostname', 'etc/resolv.conf', 'etc/mtab', 'run/.containerenv', 'etc/localtime'],
  ...['run/podman-init', 'dev/init'],
]);

function hasChanges(
  root: string,
  rows: readonly (ContainerRow & { driver: Driver })[],
  id: string,
): boolean | undefined {
  const row = rows.find((one) => one.id === id);
  if (row?.driver !== 'overlay' || row.layer === undefined) return undefined;
  const upper = join(root, 'overlay', row.layer, 'diff');
  return existsSync(upper) && holdsFiles(upper, MADE_BY_PODMAN);
}

function readRows<Row>(file: string): Row[] {
  if (!existsSync(file)) return [];
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Row[];
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

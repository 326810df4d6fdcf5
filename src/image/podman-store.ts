import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import { openRaw } from '../state/db.ts';
import type { ForeignImage, ForeignStore, ForeignVolume } from './foreign-store.ts';

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
  metadata?: string;
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
  const configs = volumeConfigs(root);
  const volumes = volumesOf(join(root, 'volumes'), configs);
  const notes = containerNotes(root, drivers);
  if (configs === undefined && volumes.length > 0)
    notes.push("labels and options of volumes are in podman's database from before 4.8: they are not taken");
  return { images, volumes, containers: [], notes };
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

interface VolumeConfig {
  labels?: Record<string, string> | null;
  volumeOptions?: Record<string, string> | null;
}

/** By name, from podman's database (SQLite since 4.8); undefined where there is none. Podman may be writing it: a copy is read. */
function volumeConfigs(root: string): Map<string, VolumeConfig> | undefined {
  const database = join(root, 'db.sql');
  if (!existsSync(database)) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'tspod-'));
  try {
    const copy = join(directory, 'db.sql');
    for (const suffix of ['', '-wal'])
      if (existsSync(database + suffix)) copyFileSync(database + suffix, copy + suffix);
    const db = openRaw(copy);
    try {
      const rows = db.prepare('SELECT Name, JSON FROM VolumeConfig').raw().all() as [string, string][];
      return new Map(rows.map(([name, text]) => [name, JSON.parse(text) as VolumeConfig]));
    } finally {
      db.close();
    }
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${database}: ${messageOf(error)}`, { cause: error });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function volumesOf(
  directory: string,
  configs: ReadonlyMap<string, VolumeConfig> | undefined,
): ForeignVolume[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => existsSync(join(directory, name, '_data')))
    .sort()
    .map((name) => {
      const { labels, volumeOptions } = configs?.get(name) ?? {};
      return {
        name,
        data: join(directory, name, '_data'),
        labels: labels ?? {},
        options: volumeOptions ?? {},
      };
    });
}

function containerNotes(root: string, drivers: readonly Driver[]): string[] {
  return drivers
    .flatMap((driver) => readRows<ContainerRow>(join(root, `${driver}-containers/containers.json`)))
    .map(({ id, names, metadata }) => {
      const name = names?.[0] ?? id.slice(0, 12);
      const image =
        metadata === undefined
          ? ''
          : String((JSON.parse(metadata) as { 'image-name'?: string })['image-name'] ?? '');
      return `container ${name}${image === '' ? '' : ` of ${image}`} is not taken: create it again; podman commit makes an image of what it has changed`;
    });
}

function readRows<Row>(file: string): Row[] {
  if (!existsSync(file)) return [];
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Row[];
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

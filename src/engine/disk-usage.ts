import { listContainers } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import { displayState } from '../libpod/transitions.ts';
import { volumeUsers } from '../libpod/volume.ts';
import type { ImageRecord } from '../storage/store.ts';
import { type BuildCacheUsage, buildCacheUsage, mountsSize } from './build-cache.ts';
import type { Engine } from './engine.ts';
import { listImages } from './images.ts';
import { listVolumes, volumeSize } from './volumes.ts';

export interface ImageUsage {
  image: ImageRecord;
  containers: number;
  size: number;
  /** In layers that other images have as well. */
  sharedSize: number;
}

export interface ContainerUsage {
  id: string;
  name: string;
  imageId: string;
  command: string[];
  /** How many volumes it has. */
  volumes: number;
  size: number;
  createdAt: string;
  state: string;
}

export interface VolumeUsage {
  name: string;
  /** How many containers have it. */
  links: number;
  size: number;
  /** 0 while a container that runs has it. */
  reclaimable: number;
}

export interface DiskUsage {
  /** Of all layers that images or containers need, each once. */
  layersSize: number;
  images: ImageUsage[];
  containers: ContainerUsage[];
  volumes: VolumeUsage[];
  buildCache: BuildCacheUsage;
}

/** Sizes of layers are known; containers and volumes are walked. */
export async function diskUsage(engine: Engine): Promise<DiskUsage> {
  const containers: ContainerUsage[] = [];
  for (const stored of listContainers(engine.db)) {
    const record = observe(engine, stored);
    const { spec } = record;
    containers.push({
      id: record.id,
      name: record.name,
      imageId: record.imageId ?? '',
      command: [...spec.process.command],
      volumes: spec.mounts.filter(({ type }) => type !== 'tmpfs' && type !== 'devpts').length,
      size: await engine.store.rootfs.usage(record.id),
      createdAt: record.createdAt,
      state: displayState(record.state),
    });
  }
  const running = new Set(containers.filter(({ state }) => state === 'running').map(({ id }) => id));
  const volumes: VolumeUsage[] = [];
  for (const { volume, links } of listVolumes(engine, [])) {
    const size = await volumeSize(engine, volume);
    const inUse = volumeUsers(engine, volume.name).some((id) => running.has(id));
    volumes.push({ name: volume.name, links, size, reclaimable: inUse ? 0 : size });
  }
  const buildCache = buildCacheUsage(engine);
  return {
    layersSize: layersSize(engine) - (buildCache.size - mountsSize(engine)),
    images: await imageUsage(engine),
    containers,
    volumes,
    buildCache,
  };
}

/** Bytes of all layers, each once. */
export function layersSize(engine: Engine): number {
  return Number(
    engine.db.prepare('SELECT COALESCE(SUM(disk_size), 0) FROM layers WHERE store IS NULL').pluck().get(),
  );
}

async function imageUsage(engine: Engine): Promise<ImageUsage[]> {
  const summaries = await listImages(engine, { filters: [], all: true });
  const users = new Map<string, number>();
  const layersOf = ({ topLayerId }: ImageRecord) =>
    topLayerId === undefined ? [] : engine.store.layers.chain(topLayerId);
  for (const { image } of summaries)
    for (const { id } of layersOf(image)) users.set(id, (users.get(id) ?? 0) + 1);
  // They lie in stores of others.
  const foreign = new Set(engine.db.prepare('SELECT id FROM layers WHERE store IS NOT NULL').pluck().all());
  return summaries.map(({ image, containers }) => {
    const layers = layersOf(image).filter(({ id }) => !foreign.has(id));
    const shared = layers.filter(({ id }) => (users.get(id) ?? 0) > 1);
    const total = (list: readonly { diskSize: number }[]) =>
      list.reduce((sum, { diskSize }) => sum + diskSize, 0);
    return {
      image,
      containers,
      size: foreign.size === 0 ? image.size : total(layers),
      sharedSize: total(shared),
    };
  });
}

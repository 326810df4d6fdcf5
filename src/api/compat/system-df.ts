import { type BuildCacheEntry, listBuildCache } from '../../engine/build-cache.ts';
import {
  type ContainerUsage,
  diskUsage,
  type ImageUsage,
  type VolumeUsage,
} from '../../engine/disk-usage.ts';
import { listContainers } from '../../engine/list-containers.ts';
import { dockerVolumeDocument, listVolumes } from '../../engine/volumes.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { familiarNames } from './image-names.ts';
import { containerSummary } from './list-containers.ts';

export const systemDf: Handler = async (exchange) => {
  const usage = await diskUsage(exchange.engine);
  const types = exchange.query.list('type');
  const wants = (type: string): boolean => types.length === 0 || types.includes(type);
  sendJson(exchange, 200, {
    ...(wants('image') ? { LayersSize: usage.layersSize, Images: usage.images.map(imageOf) } : {}),
    ...(wants('container') ? { Containers: await containersOf(exchange, usage.containers) } : {}),
    ...(wants('volume') ? { Volumes: volumesOf(exchange, usage.volumes) } : {}),
    ...(wants('build-cache') ? { BuildCache: listBuildCache(exchange.engine).map(cacheOf) } : {}),
  });
};

function imageOf({ image, containers, size, sharedSize }: ImageUsage): object {
  return {
    Id: `sha256:${image.id}`,
    ParentId: '',
    RepoTags: familiarNames(image.names),
    RepoDigests: familiarNames(image.repoDigests),
    Created: Math.trunc(Date.parse(image.createdAt) / 1000),
    Size: size,
    SharedSize: sharedSize,
    VirtualSize: size,
    Labels: image.config.config?.labels ?? null,
    Containers: containers,
  };
}

function cacheOf(entry: BuildCacheEntry): object {
  return {
    ID: entry.id,
    Type: entry.type,
    Description: entry.description,
    InUse: entry.inUse,
    Shared: false,
    Size: entry.size,
    CreatedAt: entry.createdAt,
    LastUsedAt: entry.usedAt,
    UsageCount: entry.uses,
  };
}

/** As `ps` tells them. */
async function containersOf({ engine }: Exchange, usages: readonly ContainerUsage[]): Promise<object[]> {
  const sizes = new Map(usages.map(({ id, size }) => [id, size]));
  const listed = await listContainers(engine, { all: true, filters: [], sizes: false, whole: true });
  return listed.map((container) => ({
    ...containerSummary(engine, container),
    SizeRw: sizes.get(container.record.id) ?? 0,
  }));
}

function volumesOf({ engine }: Exchange, usages: readonly VolumeUsage[]): object[] {
  return listVolumes(engine, []).map(({ volume, links }) => {
    const size = usages.find(({ name }) => name === volume.name)?.size ?? -1;
    return { ...dockerVolumeDocument(volume), UsageData: { Size: size, RefCount: links } };
  });
}

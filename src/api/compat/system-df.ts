import {
  type ContainerUsage,
  diskUsage,
  type ImageUsage,
  type VolumeUsage,
} from '../../engine/disk-usage.ts';
import { dockerVolumeDocument, listVolumes } from '../../engine/volumes.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';

export const systemDf: Handler = async (exchange) => {
  const usage = await diskUsage(exchange.engine);
  const types = exchange.query.list('type');
  const wants = (type: string): boolean => types.length === 0 || types.includes(type);
  sendJson(exchange, 200, {
    ...(wants('image') ? { LayersSize: usage.layersSize, Images: usage.images.map(imageOf) } : {}),
    ...(wants('container') ? { Containers: usage.containers.map(containerOf) } : {}),
    ...(wants('volume') ? { Volumes: volumesOf(exchange, usage.volumes) } : {}),
  });
};

function imageOf({ image, containers, size, sharedSize }: ImageUsage): object {
  return {
    Id: `sha256:${image.id}`,
    ParentId: '',
    RepoTags: image.names,
    RepoDigests: image.repoDigests,
    Created: Math.trunc(Date.parse(image.createdAt) / 1000),
    Size: size,
    SharedSize: sharedSize,
    VirtualSize: size,
    Labels: image.config.config?.labels ?? null,
    Containers: containers,
  };
}

function containerOf(container: ContainerUsage): object {
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    ImageID: container.imageId === '' ? '' : `sha256:${container.imageId}`,
    Command: container.command.join(' '),
    Created: Math.trunc(Date.parse(container.createdAt) / 1000),
    SizeRw: container.size,
    State: container.state,
    Mounts: Array.from({ length: container.volumes }, () => ({})),
  };
}

function volumesOf({ engine }: Exchange, usages: readonly VolumeUsage[]): object[] {
  return listVolumes(engine, []).map(({ volume, links }) => {
    const size = usages.find(({ name }) => name === volume.name)?.size ?? -1;
    return { ...dockerVolumeDocument(volume), UsageData: { Size: size, RefCount: links } };
  });
}

import { linkNames } from '../../engine/container-links.ts';
import { inspectMounts } from '../../engine/container-parts.ts';
import { dockerStatus } from '../../engine/docker-status.ts';
import type { Engine } from '../../engine/engine.ts';
import { listContainers, type ListedContainer } from '../../engine/list-containers.ts';
import type { PortMapping } from '../../specgen/container-spec.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import {
  dockerCommand,
  dockerEndpoints,
  dockerMounts,
  dockerNetworkMode,
  dockerState,
} from '../../engine/docker-shapes.ts';

export const listContainersHandler: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const limit = query.integer('limit');
  const containers = await listContainers(engine, {
    all: query.flag('all'),
    filters: query.filters(),
    sizes: query.flag('size'),
    whole: true,
    ...(limit === undefined || limit <= 0 ? {} : { last: limit }),
  });
  // The newest first.
  sendJson(
    exchange,
    200,
    containers.reverse().map((container) => containerSummary(engine, container)),
  );
};

/** docker's line of a container in a list. */
export function containerSummary(engine: Engine, container: ListedContainer): object {
  const { record, glance, sizes } = container;
  const { spec } = record;
  return {
    Id: record.id,
    Names: [`/${record.name}`, ...(spec.network.linked ? linkNames(engine, record) : [])],
    Image: spec.rawImageName || record.imageName,
    ImageID: record.imageId === undefined ? '' : `sha256:${record.imageId}`,
    Command: dockerCommand([...glance.entrypoint, ...glance.command]),
    Created: Math.trunc(Date.parse(record.createdAt) / 1000),
    Ports: portsOf(container),
    ...(sizes === undefined ? {} : { SizeRw: sizes.own, SizeRootFs: sizes.total }),
    Labels: spec.labels,
    State: container.restarting ? 'restarting' : dockerState(record.state),
    Status: dockerStatus(container),
    HostConfig: { NetworkMode: dockerNetworkMode(record.spec) },
    NetworkSettings: { Networks: dockerEndpoints(engine, record) },
    Mounts: dockerMounts(inspectMounts(engine, spec.mounts)),
  };
}

interface Port {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

/** Published ones while it runs, exposed ones always. */
function portsOf({ record, glance }: ListedContainer): Port[] {
  const isUp = ['running', 'paused', 'stopping'].includes(record.state);
  const published = isUp ? glance.ports.flatMap(publishedPorts) : [];
  const isPublished = (port: Port): boolean =>
    published.some(({ PrivatePort, Type }) => PrivatePort === port.PrivatePort && Type === port.Type);
  const exposed = glance.exposedPorts
    .map((text): Port => {
      const [port = '', Type = 'tcp'] = text.split('/');
      return { PrivatePort: Number(port), Type };
    })
    .filter((port) => !isPublished(port));
  return [...published, ...exposed];
}

function publishedPorts({ hostIp, hostPort, containerPort, protocol, range }: PortMapping): Port[] {
  return Array.from({ length: range }, (_, index) => ({
    IP: hostIp || '0.0.0.0',
    PrivatePort: containerPort + index,
    PublicPort: hostPort + index,
    Type: protocol,
  }));
}

import { inspectMounts } from '../../engine/container-parts.ts';
import {
  containerNamespaces,
  displayState,
  listContainers,
  type ListedContainer,
} from '../../engine/list-containers.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';

/** What Go makes of a time that nobody has set. */
const NEVER = -62_135_596_800;

export const listContainersHandler: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const [last, limit] = [query.integer('last'), query.integer('limit')];
  const count = last !== undefined && last > 0 ? last : limit;
  const withNamespaces = query.flag('namespace');
  const containers = await listContainers(engine, {
    all: query.flag('all'),
    filters: query.filters(),
    sizes: query.flag('size'),
    whole: true,
    ...(count === undefined || count <= 0 ? {} : { last: count }),
  });
  sendJson(
    exchange,
    200,
    containers.map((container) => shapeOf(engine, container, withNamespaces)),
  );
};

/** podman's ListContainer. */
function shapeOf(engine: Engine, container: ListedContainer, withNamespaces: boolean): object {
  const { record, glance, sizes } = container;
  const { spec } = record;
  const { mode } = spec.network;
  return {
    AutoRemove: spec.autoRemove,
    Command: [...glance.entrypoint, ...glance.command],
    Created: record.createdAt,
    CreatedAt: '',
    CIDFile: spec.cidFile ?? '',
    Exited: record.state === 'exited',
    ExitedAt: seconds(record.finishedAt),
    ExitCode: record.exitCode ?? 0,
    Id: record.id,
    Image: record.imageName,
    ImageID: record.imageId ?? '',
    IsInfra: false,
    Labels: spec.labels,
    Mounts: inspectMounts(engine, spec.mounts).map((mount) => mount['Destination']),
    Names: [record.name],
    Namespaces: withNamespaces ? namespacesOf(container) : {},
    Networks: mode.mode === 'bridge' ? mode.networks.map(({ name }) => name) : [],
    Pid: record.pid ?? 0,
    Pod: '',
    PodName: '',
    Ports: glance.ports.map(({ hostIp, hostPort, containerPort, range, protocol }) => ({
      host_ip: hostIp,
      container_port: containerPort,
      host_port: hostPort,
      range,
      protocol,
    })),
    Restarts: record.restartCount,
    Size: sizes === undefined ? null : { rootFsSize: sizes.total, rwSize: sizes.own },
    StartedAt: seconds(record.startedAt),
    State: displayState(record.state),
    // Of its health; the client makes the rest from the times.
    Status: container.health,
  };
}

function seconds(time: string | undefined): number {
  return time === undefined ? NEVER : Math.trunc(Date.parse(time) / 1000);
}

function namespacesOf({ record }: ListedContainer): object {
  const { cgroup, ipc, mnt, net, pid, user, uts } = containerNamespaces(record);
  return { MNT: mnt, Cgroup: cgroup, IPC: ipc, NET: net, PIDNS: pid, UTS: uts, User: user };
}

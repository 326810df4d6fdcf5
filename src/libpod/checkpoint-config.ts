import type { ContainerSpec } from '../specgen/container-spec.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths, logPath } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { runtimeOf } from './runtime-of.ts';

/**
 * `config.dump`: what podman needs of its own ContainerConfig to make the container again, and under `tspod` the whole specification,
 * from which we do.
 */
export function podmanConfig(libpod: Libpod, record: ContainerRecord): Record<string, unknown> {
  const { id, name, spec } = record;
  const { process, network } = spec;
  const { directory, shm } = containerPaths(libpod.paths, id);
  const isShared = spec.namespaces.ipc.mode === 'shareable';
  return {
    id,
    name,
    ...(record.podId === undefined ? {} : { pod: record.podId }),
    createCommand: spec.createCommand,
    rawImageName: spec.rawImageName,
    rootfsImageID: record.imageId ?? '',
    rootfsImageName: record.imageName,
    ...(isShared ? { shmDir: shm, shmSize: spec.shmSize } : { noShm: true }),
    staticDir: directory,
    namedVolumes: spec.mounts.flatMap((mount) =>
      mount.type === 'volume' || mount.type === 'image-volume'
        ? [{ volumeName: mount.name, dest: mount.destination, options: mount.options }]
        : [],
    ),
    dependencies: spec.dependencies,
    createNetNS: network.mode.mode === 'bridge',
    networkMode: network.mode.mode,
    newNetworks: newNetworks(network),
    newPortMappings: network.ports.map((port) => ({
      host_ip: port.hostIp,
      container_port: port.containerPort,
      host_port: port.hostPort,
      range: port.range,
      protocol: port.protocol,
    })),
    dnsServer: network.dnsServers,
    dnsSearch: network.dnsSearch,
    hostsAdd: network.addHosts,
    user: process.user,
    groups: process.groupAdd,
    entrypoint: process.entrypoint,
    command: process.command,
    stdin: process.stdin,
    labels: spec.labels,
    stopSignal: spec.stopSignal,
    stopTimeout: spec.stopTimeout,
    createdTime: record.createdAt,
    cgroupParent: spec.resources.cgroupParent ?? '',
    logPath: logPath(libpod.paths, id, spec) ?? '',
    logDriver: spec.log.driver,
    ociRuntime: runtimeOf(libpod, record).name,
    restart_policy: spec.restart.name,
    restart_retries: spec.restart.maximumRetryCount,
    isInfra: false,
    tspod: { spec },
  };
}

function newNetworks({ mode }: ContainerSpec['network']): Record<string, unknown> {
  if (mode.mode !== 'bridge') return {};
  return Object.fromEntries(
    mode.networks.map(({ name, aliases, staticIps, staticMac, interfaceName }) => [
      name,
      {
        aliases,
        interface_name: interfaceName ?? '',
        ...(staticIps.length === 0 ? {} : { static_ips: staticIps }),
        ...(staticMac === undefined ? {} : { static_mac: staticMac }),
      },
    ]),
  );
}

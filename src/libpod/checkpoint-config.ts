import type { RuntimeSpec } from '../oci/runtime-spec.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { withProgram } from '../specgen/spec-generator.ts';
import { cgroupManagerOf } from './cgroup-manager.ts';
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
    CreateCommand: withProgram(spec.createCommand),
    RawImageName: spec.rawImageName,
    rootfsImageID: record.imageId ?? '',
    rootfsImageName: record.imageName,
    ...(isShared ? { ShmDir: shm, mounts: [shm], shmSize: spec.shmSize } : { noShm: true }),
    staticDir: directory,
    namedVolumes: spec.mounts.flatMap((mount) =>
      mount.type === 'volume' || mount.type === 'image-volume'
        ? [{ volumeName: mount.name, dest: mount.destination, options: mount.options }]
        : [],
    ),
    Dependencies: spec.dependencies,
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
    cgroupManager: cgroupManagerOf(libpod),
    cgroupParent: spec.resources.cgroupParent ?? '',
    logPath: logPath(libpod.paths, id, spec) ?? '',
    logDriver: spec.log.driver,
    runtime: runtimeOf(libpod, record).name,
    restart_policy: spec.restart.name,
    restart_retries: spec.restart.maximumRetryCount,
    passwd: spec.process.passwd,
    createWorkingDir: true,
    cgroupsMode: 'enabled',
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

/**
 * `spec.dump`: the runtime's document. What each start mounts anew is left out, as podman adds its own; volumes are named where podman has
 * them, which does not look for them.
 */
export function podmanSpec({ spec }: ContainerRecord, document: RuntimeSpec, bundle: string): RuntimeSpec {
  const volumes = new Map(
    spec.mounts.flatMap((mount) =>
      mount.type === 'volume' || mount.type === 'image-volume'
        ? [[mount.destination, `/var/lib/containers/storage/volumes/${mount.name}/_data`] as const]
        : [],
    ),
  );
  const mounts = document.mounts.flatMap((mount) => {
    if (mount.source?.startsWith(`${bundle}/`)) return [];
    const source = volumes.get(mount.destination);
    return [source === undefined ? mount : { ...mount, source }];
  });
  return { ...document, mounts };
}

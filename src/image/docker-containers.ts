import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf } from '../base/errors.ts';
import type { DockerContainer as ForeignContainer } from './foreign-store.ts';
import { holdsFiles } from './holds-files.ts';

/** What dockerd writes to `containers/<id>/config.v2.json`; the lists may be null. */
interface DockerContainer {
  ID: string;
  Name?: string;
  /** Id of its image. */
  Image?: string;
  Config?: Record<string, unknown> & { Hostname?: string; Image?: string };
  State?: { Running?: boolean };
  NetworkSettings?: { Networks?: Record<string, Record<string, unknown> | null> | null };
  MountPoints?: Record<string, DockerMount> | null;
}
interface DockerMount {
  Type?: string;
  Name?: string;
  Destination: string;
  Driver?: string;
  RW?: boolean;
}
/** `hostconfig.json` beside it: HostConfig of the API. */
type HostConfig = Record<string, unknown> & {
  NetworkMode?: string;
  Binds?: string[] | null;
  Mounts?: { Target?: string }[] | null;
  Runtime?: string | undefined;
  Privileged?: boolean;
  CapAdd?: string[] | null;
  CapDrop?: string[] | null;
};

/** Dockerd's default, which it notes down like one that was asked for. */
const DEFAULT_RUNTIMES: ReadonlySet<string | undefined> = new Set(['runc', 'io.containerd.runc.v2']);

/** The containers of docker's data root, those last that share something of others. */
export function readDockerContainers(root: string): (() => ForeignContainer)[] {
  const directory = join(root, 'containers');
  const ids = existsSync(directory) ? readdirSync(directory).sort() : [];
  const found = ids.filter((id) => existsSync(join(directory, id, 'config.v2.json')));
  const names = new Map(found.map((id) => [id, nameOf(readFile(join(directory, id, 'config.v2.json')))]));
  const isSharing = (id: string): boolean =>
    /"container:|"VolumesFrom":\s*\[/.test(textOf(join(directory, id, 'hostconfig.json')));
  const ordered = [...found.filter((id) => !isSharing(id)), ...found.filter(isSharing)];
  return ordered.map((id) => () => readContainer(root, join(directory, id), names));
}

function readContainer(
  root: string,
  directory: string,
  names: ReadonlyMap<string, string>,
): ForeignContainer {
  const container = readFile<DockerContainer>(join(directory, 'config.v2.json'));
  const host = readFile<HostConfig>(join(directory, 'hostconfig.json'));
  const { Hostname, OnBuild: _, Volumes: __, ...config } = container.Config ?? {};
  const mode = host.NetworkMode ?? 'default';
  const isOwnHostname = Hostname !== container.ID.slice(0, 12) && !/^(host|container:)/.test(mode);
  const mounts = Object.values(container.MountPoints ?? {});
  return {
    name: nameOf(container),
    imageId: (container.Image ?? '').replace('sha256:', ''),
    image: String(config.Image ?? ''),
    volumes: mounts.filter(({ Type }) => Type === 'volume').map(({ Name = '' }) => Name),
    isRunning: container.State?.Running === true,
    hasChanges: hasChanges(root, container.ID),
    body: {
      ...config,
      ...(isOwnHostname ? { Hostname } : {}),
      HostConfig: withNames(
        {
          ...host,
          Binds: bindsOf(host, mounts),
          Runtime: runtimeOf(host),
          CapAdd: capabilitiesOf(host),
        },
        names,
      ),
      NetworkingConfig: { EndpointsConfig: endpointsOf(container, mode) },
    },
  };
}

/** Its default has three more than podman's. */
function capabilitiesOf({ Privileged, CapAdd, CapDrop }: HostConfig): string[] {
  const dropped = new Set(CapDrop?.map((name) => name.toUpperCase().replace('CAP_', '')));
  if (Privileged === true || dropped.has('ALL')) return CapAdd ?? [];
  return [...(CapAdd ?? []), ...['NET_RAW', 'MKNOD', 'AUDIT_WRITE'].filter((name) => !dropped.has(name))];
}

function nameOf({ Name, ID }: DockerContainer): string {
  return (Name ?? '').replace(/^\//, '') || ID.slice(0, 12);
}

function runtimeOf({ Runtime }: HostConfig): string | undefined {
  return DEFAULT_RUNTIMES.has(Runtime) ? undefined : Runtime;
}

/** Anonymous volumes are named only where they are mounted. */
function bindsOf(host: HostConfig, mounts: readonly DockerMount[]): string[] {
  const binds = host.Binds ?? [];
  const named = new Set([
    ...binds.map((bind) => bind.split(':')[1]),
    ...(host.Mounts ?? []).map(({ Target }) => Target),
  ]);
  const anonymous = mounts.filter(({ Type, Destination }) => Type === 'volume' && !named.has(Destination));
  const foreign = mounts.find(({ Type, Driver }) => Type === 'volume' && (Driver ?? 'local') !== 'local');
  if (foreign !== undefined)
    throw new InvalidSpecError(`its volume ${foreign.Name} has the driver ${foreign.Driver}`);
  return [
    ...binds,
    ...anonymous.map(({ Name, Destination, RW }) => `${Name}:${Destination}${RW === false ? ':ro' : ''}`),
  ];
}

/** What was asked for when it joined; addresses that were drawn are not. */
function endpointsOf({ ID, NetworkSettings }: DockerContainer, mode: string): Record<string, unknown> {
  const networks = Object.entries(NetworkSettings?.Networks ?? {});
  // Docker's own have neither aliases nor addresses to choose.
  if (/^(default|bridge|host|none|container:.*)$/.test(mode) && networks.length <= 1) return {};
  return Object.fromEntries(
    networks.map(([name, endpoint]) => {
      const { IPAMConfig, Aliases, Links, DriverOpts, DesiredMacAddress } = endpoint ?? {};
      const aliases = Array.isArray(Aliases) ? Aliases.filter((alias) => alias !== ID.slice(0, 12)) : [];
      return [name, { IPAMConfig, Aliases: aliases, Links, DriverOpts, MacAddress: DesiredMacAddress }];
    }),
  );
}

/** `container:<id>` with the name, which it has here as well. */
function withNames(host: HostConfig, names: ReadonlyMap<string, string>): HostConfig {
  return Object.fromEntries(
    Object.entries(host).map(([key, value]) => {
      if (typeof value !== 'string' || !value.startsWith('container:')) return [key, value];
      const id = value.slice('container:'.length);
      return [key, `container:${names.get(id) ?? id}`];
    }),
  );
}

/** More than the directories that mounts stand on. */
function hasChanges(root: string, id: string): boolean {
  const file = join(root, 'image/overlay2/layerdb/mounts', id, 'mount-id');
  if (!existsSync(file)) return false;
  const upper = join(root, 'overlay2', readFileSync(file, 'utf8').trim(), 'diff');
  return existsSync(upper) && holdsFiles(upper);
}

function readFile<T = DockerContainer>(file: string): T {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Told when it is read for its content.
    return '';
  }
}

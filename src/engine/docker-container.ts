import { systemPaths } from '../specgen/system-paths.ts';
import type { InspectDocument } from './container-parts.ts';
import { type ContainerRecord, lookupContainer } from './containers.ts';
import { dockerEndpoints, dockerMounts, dockerNetworkMode, dockerState } from './docker-shapes.ts';
import { isRestarting } from '../libpod/restart-policy.ts';
import type { Engine } from './engine.ts';
import { inspectContainer } from './inspect-container.ts';

/** docker's document of a container, as `docker inspect` and its API show it. Throws NotFoundError. */
export async function dockerContainer(
  engine: Engine,
  nameOrId: string,
  options: Parameters<typeof inspectContainer>[2],
): Promise<InspectDocument> {
  const document = await inspectContainer(engine, nameOrId, options);
  // Only now: what inspect found out about the container is in its record.
  const record = lookupContainer(engine.db, nameOrId);
  return dockerDocument(engine, document, record);
}

/** podman's document in docker's shape: what both have stays, the rest is renamed, shaped or left out. */
function dockerDocument(engine: Engine, document: InspectDocument, record: ContainerRecord): InspectDocument {
  const { spec } = record;
  const [path = '', ...args] = spec.process.args;
  const part = (name: string): InspectDocument => (document[name] ?? {}) as InspectDocument;
  const isUp = ['running', 'paused', 'stopping'].includes(record.state);
  return {
    Id: record.id,
    Created: document['Created'],
    Path: path,
    Args: args,
    State: stateOf(engine, part('State'), record),
    Image: record.imageId === undefined ? '' : `sha256:${record.imageId}`,
    ResolvConfPath: document['ResolvConfPath'] ?? '',
    HostnamePath: document['HostnamePath'] ?? '',
    HostsPath: document['HostsPath'] ?? '',
    LogPath: part('HostConfig')['LogConfig'] === undefined ? '' : logPath(part('HostConfig')),
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: document['Driver'],
    Platform: 'linux',
    MountLabel: document['MountLabel'] ?? '',
    ProcessLabel: document['ProcessLabel'] ?? '',
    AppArmorProfile: document['AppArmorProfile'] ?? '',
    ExecIDs: nullIfEmpty(document['ExecIDs']),
    HostConfig: hostConfigOf(part('HostConfig'), record),
    GraphDriver: document['GraphDriver'],
    ...(document['SizeRw'] === undefined
      ? {}
      : { SizeRw: document['SizeRw'], SizeRootFs: document['SizeRootFs'] }),
    Mounts: dockerMounts((document['Mounts'] ?? []) as InspectDocument[]),
    Config: configOf(part('Config'), record),
    NetworkSettings: networkSettingsOf(part('NetworkSettings'), dockerEndpoints(engine, record), isUp),
  };
}

function stateOf(engine: Engine, state: InspectDocument, record: ContainerRecord): InspectDocument {
  const {
    Status: _,
    OciVersion,
    ConmonPid,
    CgroupPath,
    CheckpointedAt,
    RestoredAt,
    StoppedByUser,
    ...kept
  } = state;
  const isPaused = record.state === 'paused';
  const restarts = isRestarting(engine, record);
  return {
    ...kept,
    Restarting: restarts,
    Status: restarts ? 'restarting' : dockerState(record.state),
    // docker's paused containers run, and those that will at once.
    Running: kept['Running'] === true || isPaused || restarts,
  };
}

function hostConfigOf(host: InspectDocument, record: ContainerRecord): InspectDocument {
  const { spec } = record;
  const { CgroupManager, CgroupMode, AutoRemoveImage, Cgroups, HostsFile, CgroupConf, LogConfig, ...kept } =
    host;
  const log = (LogConfig ?? {}) as InspectDocument;
  const { maskedPaths, readonlyPaths } = systemPaths(spec.security);
  return {
    ...kept,
    Binds: nullIfEmpty(kept['Binds']),
    NetworkMode: dockerNetworkMode(spec),
    CgroupnsMode: CgroupMode === 'container' ? 'private' : CgroupMode,
    LogConfig: { Type: log['Type'], Config: {} },
    // One way or the other, as it is asked for: clients make containers again of what they read here.
    ...(Number(kept['NanoCpus']) > 0 ? { CpuPeriod: 0, CpuQuota: 0 } : {}),
    ...storageOpt(spec),
    Runtime: record.facts.runtime?.name ?? '',
    Init: spec.init === undefined ? null : true,
    MaskedPaths: maskedPaths,
    ReadonlyPaths: readonlyPaths,
  };
}

/** As it was asked for; docker has the member only then. */
function storageOpt({ storageLimits }: ContainerRecord['spec']): InspectDocument {
  if (storageLimits === undefined) return {};
  const words = Object.entries(storageLimits).map(([key, value]) => [key, String(value)]);
  return { StorageOpt: Object.fromEntries(words) };
}

function configOf(config: InspectDocument, record: ContainerRecord): InspectDocument {
  const { spec } = record;
  const { stdin, keepStdin, attached = [] } = spec.process;
  return {
    Hostname: config['Hostname'],
    Domainname: '',
    User: config['User'],
    AttachStdin: attached.includes('stdin'),
    AttachStdout: attached.includes('stdout'),
    AttachStderr: attached.includes('stderr'),
    ...(config['ExposedPorts'] === undefined ? {} : { ExposedPorts: config['ExposedPorts'] }),
    Tty: config['Tty'],
    OpenStdin: config['OpenStdin'],
    // One that is attached to from the start ends with its input, if nothing else was said.
    StdinOnce: stdin && keepStdin !== true && attached.includes('stdin'),
    Env: config['Env'],
    Cmd: config['Cmd'],
    ...(config['Healthcheck'] === undefined ? {} : { Healthcheck: config['Healthcheck'] }),
    Image: spec.rawImageName || record.imageName,
    Volumes: null,
    WorkingDir: config['WorkingDir'] === '/' ? '' : config['WorkingDir'],
    Entrypoint: config['Entrypoint'],
    OnBuild: null,
    Labels: config['Labels'] ?? {},
    StopSignal: config['StopSignal'],
    StopTimeout: config['StopTimeout'],
  };
}

function networkSettingsOf(
  settings: InspectDocument,
  networks: InspectDocument,
  isUp: boolean,
): InspectDocument {
  const { AdditionalMACAddresses, ...kept } = settings;
  return { ...kept, SandboxID: '', Ports: isUp ? kept['Ports'] : {}, Networks: networks };
}

function logPath(host: InspectDocument): unknown {
  return ((host['LogConfig'] ?? {}) as InspectDocument)['Path'] ?? '';
}

function nullIfEmpty(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? null : value;
}

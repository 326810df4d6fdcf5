import { InvalidSpecError } from '../base/errors.ts';
import { shortId } from '../base/ids.ts';
import { PAUSE_PATH } from '../libpod/managed-files.ts';
import { enterPod, type PodRecord } from '../libpod/pod.ts';
import { containerPath } from '../specgen/container-path.ts';
import type { MountSpec } from '../specgen/container-spec.ts';
import type { CreateOptions } from '../specgen/create-options.ts';
import type { PodOptions } from '../specgen/pod-options.ts';
import { type CreateHooks, createFromImage, imageFor, type PodMember } from './create-container.ts';
import type { Engine } from './engine.ts';

const LONGEST_HOSTNAME = 64;

/** The container that holds what the others of its pod share. It needs no image: its only program is mounted into an empty root. */
export async function createInfra(
  engine: Engine,
  pod: PodRecord,
  { options, volumes }: { options: PodOptions; volumes: readonly MountSpec[] },
  hooks: CreateHooks,
): Promise<void> {
  const { engine: configured } = engine.config;
  const { infraImage = configured.infraImage || undefined, infraCommand = configured.infraCommand } = options;
  if (infraImage === undefined && infraCommand !== undefined && infraCommand !== PAUSE_PATH)
    throw new InvalidSpecError(`--infra-command ${infraCommand} needs an image that has it: --infra-image`);
  const request = {
    options: {
      ...infraOptions(engine, pod, withoutVolumes(options, volumes)),
      ...(pod.spec.service === undefined
        ? {}
        : { sdnotify: pod.spec.service.isMain ? 'container' : 'ignore' }),
    },
    image: infraImage ?? '',
    command: infraImage === undefined ? [PAUSE_PATH] : (infraCommand?.split(' ') ?? []),
    extras: { mounts: [...volumes] },
  };
  const image = infraImage === undefined ? undefined : await imageFor(engine, request, hooks);
  const member: PodMember = {
    podId: pod.id,
    role: 'infra',
    requires: [],
    enter: (id) => enterPod(engine.db, pod.id, { id, isInfra: true }),
  };
  const use = { createCommand: pod.spec.createCommand, keepOwner: false };
  await createFromImage(engine, request, { image, hooks, use, member });
}

/** Without the anonymous volumes that are there already; one is asked for by its place alone. */
function withoutVolumes(options: PodOptions, volumes: readonly MountSpec[]): PodOptions {
  const { volume, ...rest } = options;
  if (volume === undefined || volumes.length === 0) return options;
  const places = new Set(volumes.map(({ destination }) => destination));
  return {
    ...rest,
    volume: volume.filter((text) => text.includes(':') || !places.has(containerPath(text))),
  };
}

function infraOptions(engine: Engine, pod: PodRecord, options: PodOptions): CreateOptions {
  const { shares, cgroup, cgroupParent } = pod.spec;
  const parent = cgroup ?? cgroupParent;
  return {
    ...defined({
      addHost: options.addHost,
      conmonPidfile: options.infraConmonPidfile,
      dns: options.dns,
      dnsOption: options.dnsOption,
      dnsSearch: options.dnsSearch,
      gidmap: options.gidmap,
      hostsFile: options.hostsFile,
      ip: options.ip,
      ip6: options.ip6,
      macAddress: options.macAddress,
      networkAlias: options.networkAlias,
      noHostname: options.noHostname,
      noHosts: options.noHosts,
      pid: options.pid,
      publish: options.publish,
      securityOpt: options.securityOpt,
      shmSize: options.shmSize,
      subgidname: options.subgidname,
      subuidname: options.subuidname,
      sysctl: options.sysctl,
      uidmap: options.uidmap,
      userns: options.userns,
      uts: options.uts,
      volume: options.volume,
      volumesFrom: options.volumesFrom,
      hostname: hostnameFor(engine, pod, options),
      network: networkFor(pod, options),
      cgroupParent: parent,
    }),
    name: options.infraName || `${shortId(pod.id)}-infra`,
    init: false,
    // /dev/shm can be joined only then.
    ...(shares.includes('ipc') ? { ipc: 'shareable' } : {}),
    logDriver: 'none',
    restart: 'no',
    systemd: 'false',
  };
}

/** Without the members that are undefined, which would count as given. */
function defined<T extends object>(options: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function hostnameFor(engine: Engine, pod: PodRecord, { hostname, uts }: PodOptions): string | undefined {
  if (hostname) return hostname;
  const mode = uts || engine.config.containers.utsns;
  return mode === 'private' && pod.name.length <= LONGEST_HOSTNAME ? pod.name : undefined;
}

/** Nobody would use a network of its own that is not shared. */
function networkFor({ spec }: PodRecord, { network, publish }: PodOptions): string[] | undefined {
  if (spec.shares.includes('net')) return network;
  if (network !== undefined || publish !== undefined)
    throw new InvalidSpecError(
      `--${network === undefined ? 'publish' : 'network'} has no effect in a pod that does not share its network: add net to --share`,
    );
  return ['none'];
}

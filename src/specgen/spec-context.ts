import type { RuntimeConfig } from '../base/containers-conf.ts';
import type { ImageConfig } from '../oci/image-spec.ts';
import type { ContainerSpec, NamespaceMode, PortMapping, UserNamespaceSpec } from './container-spec.ts';

/** What `--userns` and its kin come to on this host. */
export interface ResolvedUserns {
  mode: NamespaceMode;
  maps: UserNamespaceSpec;
  /** `uid:gid`, for keep-id: who runs when neither flag nor image says. */
  defaultUser: string | undefined;
  hostUsers: NonNullable<ContainerSpec['process']['hostUsers']>;
}

/** What the spec generator must know besides the request. Of the disk only env files and label files are read, and whether the places of logs are there. */
export interface SpecContext {
  config: RuntimeConfig;
  /** Undefined for a container from a plain root directory. */
  image: { id: string; name: string; config: ImageConfig } | undefined;
  /** By name or id; throws NotFoundError. */
  lookupContainer(nameOrId: string): { id: string; name: string; spec: ContainerSpec };
  /** The name of the network that is meant by a name or (part of) an id; throws NotFoundError. */
  lookupNetwork(nameOrId: string): string;
  hostEnv: Readonly<Record<string, string | undefined>>;
  /** Relative bind sources and file names are resolved against it. */
  cwd: string;
  /** As docker does, a directory that `-v` names and that is not there is made. */
  makeBindSources?: boolean;
  /** As docker does, the directory that `-w` names is made where the image lacks it. */
  makeWorkdir?: boolean;
  rootless: boolean;
  /** The engine's own --storage-opt, of which some hold for each container. */
  storageWords?: readonly string[];
  /** The container's own user namespace; undefined: the one that tspod runs in. */
  userns?: ResolvedUserns | undefined;
  /** Of `--hostuser`, where the container has no user namespace of its own. */
  hostUsers?: ResolvedUserns['hostUsers'];
  /** The first of `length` consecutive host ports that are free now. */
  drawPort(request: Pick<PortMapping, 'hostIp' | 'protocol'> & { length: number }): number;
  /** The first free one of a range of host ports; as docker does, where a range is given for one port of a container. */
  drawPortFrom?(
    request: Pick<PortMapping, 'hostIp' | 'protocol'> & { first: number; length: number },
  ): number;
  /** Files of the host that a pattern names, by name. */
  glob(pattern: string): string[];
  /** 64 hex digits for an anonymous volume. */
  newVolumeName(): string;
  host: { cgroupVersion: 0 | 1 | 2; apparmor: boolean; selinux: boolean };
  /** The command line, for inspect. */
  createCommand: string[];
  /** Told once per oddity that is honoured in part or not at all. */
  warn(message: string): void;
}

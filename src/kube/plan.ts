import type { SecretUse } from '../specgen/container-spec.ts';
import type { CreateRequest } from '../specgen/create-options.ts';
import type { MountSpec } from '../specgen/mount-spec.ts';
import type { PodOptions } from '../specgen/pod-options.ts';

/** What a stream of documents asks for. */
export interface PlayPlan {
  claims: ClaimPlan[];
  secrets: SecretPlan[];
  pods: PodPlan[];
}

/** A named volume. */
export interface ClaimPlan {
  name: string;
  labels: Record<string, string>;
  options: Record<string, string>;
  driver: string;
  uid: number | undefined;
  gid: number | undefined;
  /** An archive of the host that fills it. */
  importSource: string | undefined;
  path: string;
}

export interface SecretPlan {
  name: string;
  labels: Record<string, string>;
  immutable: boolean;
  /** The document, as it is kept. */
  text: string;
}

export interface PodPlan {
  /** What the pod is to have. */
  id: string;
  name: string;
  options: PodOptions;
  /** In the order in which they are made. */
  containers: ContainerPlan[];
  volumes: VolumePlan[];
}

export interface ContainerPlan {
  name: string;
  path: string;
  request: CreateRequest & { extras: { mounts: MountSpec[]; secrets: SecretUse[] } };
  isInit: boolean;
  /** Of a user that only the image names. */
  group: number | undefined;
  /** The image's user must not be root. */
  nonRoot: boolean;
}

export interface FileText {
  /** Below the volume; no part of it climbs. */
  path: string;
  data: Uint8Array;
  mode: number;
}

/** What has to be there, or is filled, before the containers start. */
export type VolumePlan =
  | { type: 'host'; path: string; kind: HostPathKind; at: string }
  /** An anonymous volume, which goes with the pod; a tmpfs needs nothing. */
  | { type: 'empty'; volume: string; isMemory: boolean }
  | { type: 'files'; volume: string; files: FileText[]; secrets: SecretFile[] }
  | { type: 'claim'; volume: string }
  | { type: 'image'; image: string; pull: string | undefined };

/** A key of a secret as a file below a volume. */
export interface SecretFile {
  name: string;
  key: string;
  path: string;
  mode: number;
}

export const HOST_PATH_KINDS = [
  '',
  'DirectoryOrCreate',
  'Directory',
  'FileOrCreate',
  'File',
  'Socket',
  'CharDevice',
  'BlockDevice',
] as const;
export type HostPathKind = (typeof HOST_PATH_KINDS)[number];

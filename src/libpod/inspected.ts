import type { CgroupManager } from '../oci/cgroup-manager.ts';
import type { RuntimeSpec } from '../oci/runtime-spec.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';

/** The members are podman's; what it leaves out when empty is left out here too. */
export type InspectDocument = Record<string, unknown>;

/** What the parts of the document are made from. */
export interface Inspected {
  libpod: Libpod;
  /** Settled or observed: its state is shown as it is. */
  record: ContainerRecord;
  /** From config.json of a container that runs (or was initialized). */
  running: RunningSpec | undefined;
  /** Of this host. */
  cgroupManager: CgroupManager;
}

export type RunningSpec = Pick<RuntimeSpec, 'ociVersion' | 'process' | 'annotations'>;

/** What one command has found out for one container and needs for the next. */
export interface InspectMemo {
  cgroupManager?: CgroupManager;
  /** By id of an image. */
  digests: Map<string, string>;
  /** Overlay's `lowerdir`, by id of the top layer. */
  lowers: Map<string, string>;
  /** Name of the runtime that one which has not run yet would be started with, by the one asked for. */
  runtimes: Map<string | undefined, string>;
  /** Running exec sessions, by id of their container. */
  execs?: Map<string, string[]>;
}

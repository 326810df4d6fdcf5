import type { Change } from '../changes.ts';
import type { RootfsIdMaps } from '../id-owners.ts';
import type { WhiteoutStyle } from '../unpack/unpack-job.ts';

export const DRIVER_NAMES = ['overlay', 'fuse-overlayfs', 'vfs'] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];

/** The directories of one container and what it stands on; all absolute. */
export interface RootfsPlan {
  diff: string;
  work: string;
  merged: string;
  /** The `diff` of its layers, topmost first, relative to `base`. */
  lowerDirs: readonly string[];
  base: string;
  /** An empty directory, for where the kernel wants one more lower layer than there is. */
  empty: string;
  /** Mount options beyond the driver's own, e.g. `volatile`. */
  options: readonly string[];
  readOnly: boolean;
  mountLabel: string | undefined;
  /** The container's own ids; what it writes lies on disk with the owners that these give. */
  idMaps?: RootfsIdMaps;
  /** Graph root of the additional store that layers of it are in. */
  lentBy?: string | undefined;
}

/** How layers become a container's file system. Contents of layers are only interpreted behind this contract. */
export interface StorageDriver {
  readonly name: DriverName;
  readonly whiteouts: WhiteoutStyle;
  readonly inUserNamespace: boolean;
  /** Files whose owner has no number here are kept as our own, instead of refusing the layer. */
  readonly ignoresOwners?: boolean;
  /** Whether `prepareLayer` must know the layer below; otherwise layers may be unpacked in any order. */
  readonly needsParent: boolean;
  /** Makes the directory that a layer is unpacked into; `parentDiff` is the layer below, if it is needed and there is one. */
  prepareLayer(diff: string, parentDiff: string | undefined): Promise<void> | void;
  /** Whether `prepareRootfs` has been here; cheap. */
  isPrepared(plan: RootfsPlan): boolean;
  /** Makes what `mount` needs; to be called again after a crash in it. */
  prepareRootfs(plan: RootfsPlan): Promise<void> | void;
  /** The file system appears at `plan.merged`, which is not mounted yet. The owners of layers are as `plan.idMaps` says, or on disk already. */
  mount(plan: RootfsPlan): Promise<void> | void;
  /** The same while everything waits, for the trial when a store is opened; absent where there is nothing to try. */
  mountNow?(plan: RootfsPlan): void;
  /** Whether `mount` shows layers under other owners by itself; else, or when it fails at that, it is given copies that have them. */
  readonly mapsIds: boolean;
  /** The directory that would be the `diff` of a layer made of the container. */
  ownDirectory(plan: RootfsPlan): string;
  /** The same container with another directory in that place. */
  withOwnDirectory(plan: RootfsPlan, path: string): RootfsPlan;
  /** What the container has changed; need not be mounted. */
  changes(plan: RootfsPlan): Promise<Iterable<Change>>;
  /** Detaches when busy; not mounted is fine. */
  unmount(merged: string): void;
  isMounted(merged: string): boolean;
}

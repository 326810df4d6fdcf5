import type { HostRoot, RootfsOptions } from '../storage/store.ts';
import type { ContainerRecord } from './container.ts';
import { mapsOf } from './idmapped-mounts.ts';

/** How the store is asked about a container's file system: the same words at every call. */
export function rootfsOptions({ id, layerId, spec, project }: ContainerRecord): RootfsOptions {
  const directory = hostRoot(spec);
  return {
    containerId: id,
    topLayerId: layerId,
    readOnly: false,
    idMaps: spec.userNamespace,
    // What ends with its container need not reach the disk, neither while it runs nor for the unmount.
    options: spec.autoRemove ? ['volatile'] : [],
    ...(directory === undefined ? {} : { directory }),
    ...quotaOf(spec, project),
  };
}

/** Rows that were lost and made again have no number: the directories still have theirs. */
export function quotaOf(
  { storageLimits }: ContainerRecord['spec'],
  project: number | undefined,
): Pick<RootfsOptions, 'quota'> {
  if (storageLimits === undefined || project === undefined) return {};
  return { quota: { ...storageLimits, project } };
}

/** A directory of the host that is the root, as the store wants to know it. */
export function hostRoot(spec: ContainerRecord['spec']): HostRoot | undefined {
  const { rootfs } = spec;
  if (rootfs === undefined) return undefined;
  const { path, overlay, idmap } = rootfs;
  return { path, overlay, ...(idmap === undefined ? {} : { idMaps: mapsOf(spec, idmap, 'the root') }) };
}

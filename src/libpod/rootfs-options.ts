import type { RootfsOptions } from '../storage/store.ts';
import type { ContainerRecord } from './container.ts';

/** How the store is asked about a container's file system: the same words at every call. */
export function rootfsOptions({ id, layerId, spec }: ContainerRecord): RootfsOptions {
  return {
    containerId: id,
    topLayerId: layerId,
    readOnly: false,
    idMaps: spec.userNamespace,
    // What ends with its container need not reach the disk, neither while it runs nor for the unmount.
    options: spec.autoRemove ? ['volatile'] : [],
  };
}

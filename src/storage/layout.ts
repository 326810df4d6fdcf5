/** Raised when the meaning of files under the graph root changes; written to `<graphRoot>/driver`. */
export const STORE_FORMAT = 1;

/** Every path of the store. `<id>` is a layer's or a container's id. */
export interface StoreLayout {
  graphRoot: string;
  /** JSON: format, driver, its options and the kernel they were tried on. */
  driverFile: string;
  layers: string;
  containers: string;
  tmp: string;
  trash: string;
  /** An empty directory: the lower one of containers whose image has no layer. */
  empty: string;
}

export interface LayerPaths {
  dir: string;
  /** The layer's files, with whiteouts in the driver's form. */
  diff: string;
  /** Every byte of the tar that is not file content, and where the content went. */
  tarSplit: string;
  /** Content that a later entry of the same tar replaced, named by the number of its entry. */
  replaced: string;
  /** Copies of `diff` with the owners of user namespaces, each in a directory named after the maps. */
  shifted: string;
}

export interface ContainerPaths {
  dir: string;
  diff: string;
  work: string;
  merged: string;
}

/** Plain concatenation here and below: every command asks many times, and all parts are normal already. */
export function storeLayout(graphRoot: string): StoreLayout {
  return {
    graphRoot,
    driverFile: `${graphRoot}/driver`,
    layers: `${graphRoot}/layers`,
    containers: `${graphRoot}/containers`,
    tmp: `${graphRoot}/tmp`,
    trash: `${graphRoot}/trash`,
    empty: `${graphRoot}/empty`,
  };
}

export function layerPaths(layout: StoreLayout, id: string): LayerPaths {
  const dir = `${layout.layers}/${id}`;
  return {
    dir,
    diff: `${dir}/diff`,
    tarSplit: `${dir}/tar-split.zst`,
    replaced: `${dir}/replaced`,
    shifted: `${dir}/shifted`,
  };
}

export function containerPaths(layout: StoreLayout, id: string): ContainerPaths {
  const dir = `${layout.containers}/${id}`;
  return { dir, diff: `${dir}/diff`, work: `${dir}/work`, merged: `${dir}/merged` };
}

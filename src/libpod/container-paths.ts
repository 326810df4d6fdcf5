import type { Paths } from '../base/paths.ts';
import { type BundlePaths, bundlePaths } from '../conmon/protocol.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';

export interface ContainerPaths {
  /** Under the graph root: survives a reboot. */
  directory: string;
  /** Under the run root: bundle, sockets, managed files. */
  bundle: BundlePaths;
  log: string;
  lock: string;
  shm: string;
  /** A tmpfs with what no disk may hold. */
  secrets: string;
}

let last: { paths: Paths; id: string; result: ContainerPaths } | undefined;

/** Every command asks many times, mostly for the same container. */
export function containerPaths(paths: Paths, id: string): ContainerPaths {
  if (last?.id !== id || last.paths !== paths) last = { paths, id, result: pathsOf(paths, id) };
  return last.result;
}

/** Plain concatenation: all parts are normal already. */
function pathsOf(paths: Paths, id: string): ContainerPaths {
  const directory = `${paths.containers}/${id}`;
  const bundle = `${paths.runRoot}/containers/${id}`;
  return {
    directory,
    bundle: bundlePaths(bundle),
    log: `${directory}/ctr.log`,
    lock: `${paths.locks}/container-${id}`,
    shm: `${bundle}/shm`,
    secrets: `${bundle}/secrets`,
  };
}

/** Where this container's log is, if its driver writes a file. */
export function logPath(paths: Paths, id: string, spec: ContainerSpec): string | undefined {
  if (spec.log.driver !== 'k8s-file' && spec.log.driver !== 'json-file') return undefined;
  const { path, directory } = spec.log;
  if (path !== undefined) return path;
  return directory === undefined ? containerPaths(paths, id).log : `${directory}/${id}/ctr.log`;
}

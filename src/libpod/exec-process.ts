import { mkdirSync, readFileSync } from 'node:fs';
import { StorageError } from '../base/errors.ts';
import type { OciProcess, RuntimeSpec } from '../oci/runtime-spec.ts';
import { checkUserFiles, resolveUser, USER_FILES } from '../oci/user.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { boundingCapabilities } from './host-facts.ts';
import { rootfsOptions } from './rootfs-options.ts';
import { existingUser } from './user-owners.ts';

/** What `exec` asks for. */
export interface ExecRequest {
  command: string[];
  /** `KEY=value`, on top of the container's. */
  env: string[];
  /** `user[:group]`; undefined: the container's. */
  user: string | undefined;
  workdir: string | undefined;
  terminal: boolean;
  stdin: boolean;
  privileged: boolean;
  detached: boolean;
  consoleSize: { height: number; width: number } | undefined;
}

/**
 * The process document of an exec session: the container's own process as it was started, with what the request changes. A user
 * other than root keeps no effective capabilities unless the session is privileged, as in podman.
 */
export async function execProcess(
  libpod: Libpod,
  container: ContainerRecord,
  request: ExecRequest,
): Promise<OciProcess> {
  const spec = readBundleConfig(libpod, container);
  const base = spec.process;
  const result: OciProcess = {
    ...base,
    terminal: request.terminal,
    args: request.command,
    env: mergeEnv(base.env, request.terminal ? ['TERM=xterm', ...request.env] : request.env),
    cwd: request.workdir ?? base.cwd,
  };
  // Shown there for the start alone, and perhaps cleaned away since; a runtime changes to it all the same.
  if (container.spec.userNamespace !== undefined) mkdirSync(spec.root.path, { recursive: true, mode: 0o711 });
  delete result.consoleSize;
  if (request.consoleSize !== undefined) result.consoleSize = request.consoleSize;
  if (request.user !== undefined) {
    const user = existingUser(
      container,
      resolveUser({
        rootfs: await libpod.store.rootfs.mount(rootfsOptions(container)),
        user: request.user,
        groupAdd: container.spec.process.groupAdd,
        syscalls: libpod.syscalls,
        ...(spec.mounts.some(({ destination }) => USER_FILES.has(destination))
          ? (await import('./user-files.ts')).userFiles(libpod, container, { isRunning: true })
          : {}),
      }),
    );
    result.user = {
      ...base.user,
      uid: user.uid,
      gid: user.gid,
      ...(user.additionalGids.length > 0 ? { additionalGids: user.additionalGids } : {}),
    };
    if (user.additionalGids.length === 0) delete result.user.additionalGids;
    if (!request.env.some((entry) => entry.startsWith('HOME=')))
      result.env = mergeEnv(result.env, [`HOME=${user.home}`]);
  } else if (!spec.mounts.some(({ destination }) => USER_FILES.has(destination)))
    checkUserFiles({ rootfs: spec.root.path, syscalls: libpod.syscalls });
  const bounding = base.capabilities?.bounding ?? [];
  if (request.privileged) {
    const all = [...boundingCapabilities()];
    result.capabilities = { bounding: all, effective: all, permitted: all };
  } else if (result.user.uid !== 0) {
    result.capabilities = { bounding, effective: [], permitted: [], inheritable: [] };
  } else if (base.user.uid !== 0) {
    result.capabilities = { bounding, effective: bounding, permitted: bounding };
  }
  return result;
}

export function readBundleConfig(libpod: Libpod, container: ContainerRecord): RuntimeSpec {
  const { config } = containerPaths(libpod.paths, container.id).bundle;
  try {
    return JSON.parse(readFileSync(config, 'utf8')) as RuntimeSpec;
  } catch (error) {
    throw new StorageError(`cannot read ${config} of container ${container.name}`, {
      cause: error,
      hint: `restart it: tspod restart ${container.name}`,
    });
  }
}

/** Later entries replace earlier ones of the same name, in place. */
export function mergeEnv(base: readonly string[], more: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const entry of [...base, ...more]) merged.set(entry.slice(0, Math.max(0, entry.indexOf('='))), entry);
  return [...merged.values()];
}

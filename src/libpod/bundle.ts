import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { exitDirectory } from '../conmon/exit-record.ts';
import { MS_NODEV, MS_NOEXEC, MS_NOSUID } from '../native/syscalls.ts';
import type { CdiEdits } from '../oci/cdi-spec.ts';
import { useCompiledSeccomp } from '../oci/compiled-seccomp.ts';
import { hooksFor } from '../oci/hooks.ts';
import type { RuntimeRef } from '../oci/runtime-client.ts';
import type { RuntimeSpec } from '../oci/runtime-spec.ts';
import { stringifyRuntimeJson } from '../oci/runtime-json.ts';
import { resolveUser, USER_FILES } from '../oci/user.ts';
import { isConfined } from '../specgen/confined.ts';
import type { BundleFacts, HostFacts } from '../specgen/host-facts.ts';
import { toRuntimeSpec } from '../specgen/to-runtime-spec.ts';
import { type ContainerRecord, lookupContainer } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { gatherHostFacts } from './host-facts.ts';
import { hostnameOf } from './hostname.ts';
import { joinedNamespaces, withHostNamespaces } from './joined-namespaces.ts';
import { writeManagedFiles } from './managed-files.ts';
import { checkWorkdir } from './check-workdir.ts';
import { prepareMountSources } from './mount-sources.ts';
import { rootfsOptions } from './rootfs-options.ts';
import { prepareNotify } from './sdnotify.ts';
import { existingUser, ownersOutside } from './user-owners.ts';
import type { ContainerUserns } from './user-namespace.ts';

export interface BundleOptions {
  /** That the bundle is for. */
  runtime: RuntimeRef;
  /** Bound network namespace; undefined: the host's, or one that the runtime makes. */
  netnsPath: string | undefined;
  /** Undefined: the one that tspod runs in. */
  userns: ContainerUserns | undefined;
  consoleSize: { height: number; width: number } | undefined;
  secretEnv: readonly string[];
  /** What is mounted from the host is named without links, which CRIU does not follow. */
  withoutLinks?: boolean;
  /** What the container's CDI devices ask for. */
  cdiEdits?: readonly CdiEdits[];
}

export interface PreparedBundle {
  rootfs: string;
  host: HostFacts;
  /** The runtime has to run hooks, also when the container is deleted. */
  hasHooks: boolean;
  /** To be called once the runtime has started the container; undefined: there is nothing to learn from it. */
  keepCompiledSeccomp: ((containerId: string) => void) | undefined;
}

/** Where the bundle, the news of its end and the monitor's own things will lie. Idempotent. */
export function makeBundleDirectories(libpod: Libpod, record: ContainerRecord): void {
  const { paths } = libpod;
  mkdirSync(containerPaths(paths, record.id).bundle.bundle, { recursive: true, mode: 0o700 });
  mkdirSync(exitDirectory(paths.runRoot), { recursive: true, mode: 0o700 });
  // The monitor makes its socket there at once.
  prepareNotify(libpod, record);
}

/** Mounts the root file system and writes config.json and all files that are mounted into the container; the directories have to be there. Idempotent. */
export async function prepareBundle(
  libpod: Libpod,
  created: ContainerRecord,
  options: BundleOptions,
): Promise<PreparedBundle> {
  const record = withHostNamespaces(libpod, created);
  const { spec, id } = record;
  const { bundle } = containerPaths(libpod.paths, id);
  const rootfs = await libpod.store.rootfs.mount(rootfsOptions(record));
  const host = gatherHostFacts(libpod, spec, id);
  const { cpuRtPeriod, cpuRtRuntime, blkioWeightDevice } = spec.resources;
  if ((cpuRtPeriod ?? cpuRtRuntime ?? blkioWeightDevice) !== undefined)
    (await import('./kernel-limits.ts')).checkKernelLimits(spec.resources, host);
  const user = existingUser(
    record,
    resolveUser({
      rootfs,
      user: spec.process.user,
      groupAdd: spec.process.groupAdd,
      hostUsers: spec.process.hostUsers,
      syscalls: libpod.syscalls,
      ...(spec.mounts.some(({ destination }) => USER_FILES.has(destination))
        ? (await import('./user-files.ts')).userFiles(libpod, record, { isRunning: false })
        : {}),
    }),
  );
  const { userns } = options;
  const outside = ownersOutside(user, userns);
  const namespacePaths = joinedNamespaces(libpod, record);
  if (userns !== undefined) namespacePaths.user = userns.path;
  const notify = prepareNotify(libpod, record);
  const secrets =
    record.spec.secrets && (await (await import('./secret-files.ts')).prepareSecrets(libpod, record));
  const facts: BundleFacts = {
    ...(secrets === undefined ? {} : { secretEnv: secrets.env }),
    rootfs: userns === undefined ? rootfs : userns.expose(rootfs),
    user,
    managedFiles: [
      ...writeManagedFiles(libpod, record, { rootfs, user, root: outside.root }),
      ...(secrets?.files ?? []),
      ...(notify === undefined ? [] : [{ ...notify, options: ['bind', 'rprivate'] }]),
    ],
    volumePaths: await prepareMountSources(libpod, record, { rootfs, user: outside.user }),
    shmPath: prepareShm(libpod, record, outside.root),
    netnsPath: options.netnsPath,
    namespacePaths,
    hostname: hostnameOf(libpod, record),
    containerId: id,
    consoleSize: options.consoleSize ?? spec.process.consoleSize,
  };
  const document = toRuntimeSpec(spec, host, facts);
  if (spec.process.workdirExists === true) checkWorkdir(libpod.syscalls, { id, rootfs }, document);
  if (notify !== undefined) document.process.env.push(notify.env);
  document.process.env.push(...options.secretEnv);
  if (options.cdiEdits !== undefined) {
    const { applyCdiEdits } = await import('../oci/cdi-edits.ts');
    applyCdiEdits(document, options.cdiEdits, { confined: isConfined(spec, host) });
  }
  const hooks = hooksFor(libpod.hooksDirectories, {
    args: document.process.args,
    annotations: document.annotations ?? {},
    hasBindMounts: spec.mounts.some((mount) => mount.type === 'bind'),
  });
  if (hooks !== undefined) document.hooks = mergeHooks(document.hooks ?? {}, hooks);
  if (options.withoutLinks) resolveSources(document);
  const keepCompiledSeccomp = useCompiledSeccomp(document, options.runtime, libpod.paths.runRoot);
  writeFileAtomic(bundle.config, stringifyRuntimeJson(document), { durable: false });
  return { rootfs, host, hasHooks: document.hooks !== undefined, keepCompiledSeccomp };
}

function resolveSources({ mounts }: RuntimeSpec): void {
  for (const mount of mounts)
    if (mount.type === 'bind' && mount.source !== undefined && existsSync(mount.source))
      mount.source = realpathSync(mount.source);
}

function mergeHooks(
  first: NonNullable<RuntimeSpec['hooks']>,
  then: NonNullable<RuntimeSpec['hooks']>,
): NonNullable<RuntimeSpec['hooks']> {
  const merged = { ...first };
  for (const [stage, hooks] of Object.entries(then)) merged[stage] = [...(merged[stage] ?? []), ...hooks];
  return merged;
}

/** A tmpfs that other containers may join; `private` and `none` leave it to the runtime. */
function prepareShm(
  libpod: Libpod,
  record: ContainerRecord,
  root: { uid: number; gid: number },
): string | undefined {
  const { ipc } = record.spec.namespaces;
  if (ipc.mode === 'container')
    return containerPaths(libpod.paths, lookupContainer(libpod.db, ipc.id).id).shm;
  if (ipc.mode !== 'shareable') return undefined;
  const { shm } = containerPaths(libpod.paths, record.id);
  mkdirSync(shm, { recursive: true, mode: 0o700 });
  const data = `mode=1777,size=${record.spec.shmSize},uid=${root.uid},gid=${root.gid}`;
  libpod.syscalls.mount('shm', shm, 'tmpfs', MS_NOSUID | MS_NODEV | MS_NOEXEC, data);
  return shm;
}

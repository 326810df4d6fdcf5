import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AlreadyExistsError, NotFoundError, UnsupportedError, WrongStateError } from '../base/errors.ts';
import { applyCdiEdits } from '../oci/cdi-edits.ts';
import { stringifyRuntimeJson } from '../oci/runtime-json.ts';
import type { RuntimeSpec } from '../oci/runtime-spec.ts';
import { resolveUser } from '../oci/user.ts';
import { isConfined } from '../specgen/confined.ts';
import { toRuntimeSpec } from '../specgen/to-runtime-spec.ts';
import { copyTree } from '../storage/copy-tree.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { gatherHostFacts } from './host-facts.ts';
import { hostnameOf } from './hostname.ts';
import { writeManagedFiles } from './managed-files.ts';
import { prepareMountSources } from './mount-sources.ts';
import { rootfsOptions } from './rootfs-options.ts';
import { settle } from './settle.ts';
import { userFiles } from './user-files.ts';
import { existingUser } from './user-owners.ts';

/**
 * Makes `directory` an OCI bundle that any runtime starts without tspod: config.json, rootfs, and the files that tspod mounts into each
 * container. It appears at once or not at all. Named volumes and directories of the host stay where they are.
 */
export async function exportBundle(libpod: Libpod, id: string, directory: string): Promise<void> {
  if (existsSync(directory) && readdirSync(directory).length > 0)
    throw new AlreadyExistsError(`cannot export to ${directory}: the directory is not empty`);
  const lock = await lockContainer(libpod, id);
  const { rootfs } = libpod.store;
  const wasMounted = rootfs.isMounted(id);
  const unfinished = join(dirname(directory), `.${basename(directory)}.${process.pid}.tmp`);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    checkExportable(record);
    const merged = await rootfs.mount(rootfsOptions(record));
    mkdirSync(join(unfinished, 'rootfs'), { recursive: true, mode: 0o700 });
    const document = await bundleDocument(libpod, record, { merged, directory: unfinished });
    await copyTree(libpod.syscalls, merged, join(unfinished, 'rootfs'), { hardLinks: false });
    writeFileSync(join(unfinished, 'config.json'), `${stringifyRuntimeJson(document)}\n`, { mode: 0o600 });
    renameSync(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    if (!wasMounted) rootfs.unmount(id);
    lock.release();
  }
}

function checkExportable({ name, spec, state }: ContainerRecord): void {
  if (state === 'running' || state === 'initialized')
    throw new WrongStateError(
      `cannot export container ${name} as a bundle while it is ${state}: its files change`,
      {
        hint: `pause or stop it first: tspod pause ${name}`,
      },
    );
  const cannot = (reason: string, hint?: string) =>
    new UnsupportedError(
      `cannot export container ${name} as a bundle: ${reason}`,
      hint === undefined ? {} : { hint },
    );
  if (spec.secrets !== undefined) throw cannot('it has secrets, which would stand in it unencrypted');
  if (spec.userNamespace !== undefined) throw cannot('it has a user namespace of its own');
  if (spec.mounts.some((mount) => mount.type === 'image' || mount.options.includes('O')))
    throw cannot('it mounts an image, or a directory with option O');
  if (spec.dependencies.length > 0) throw cannot('it shares namespaces or volumes with other containers');
}

async function bundleDocument(
  libpod: Libpod,
  record: ContainerRecord,
  place: { merged: string; directory: string },
): Promise<RuntimeSpec> {
  const { spec, id } = record;
  const { merged: rootfs, directory } = place;
  const { syscalls } = libpod;
  const user = existingUser(
    record,
    resolveUser({
      rootfs,
      user: spec.process.user,
      groupAdd: spec.process.groupAdd,
      hostUsers: spec.process.hostUsers,
      syscalls,
      ...userFiles(libpod, record, { isRunning: false }),
    }),
  );
  const host = { ...gatherHostFacts(libpod, spec, id), cgroupManager: 'cgroupfs' as const };
  const document = toRuntimeSpec(spec, host, {
    rootfs: 'rootfs',
    user,
    managedFiles: keepFiles(libpod, record, { rootfs, user, directory }),
    volumePaths: await prepareMountSources(libpod, record, { rootfs, user, lasting: true }),
    shmPath: undefined,
    netnsPath: undefined,
    namespacePaths: {},
    hostname: hostnameOf(libpod, record),
    containerId: id,
    consoleSize: undefined,
  });
  if (spec.cdiDevices !== undefined) {
    const { findCdiEdits } = await import('../oci/cdi.ts');
    const edits = await findCdiEdits(spec.cdiDevices, libpod.cdiDirectories);
    applyCdiEdits(document, edits, { confined: isConfined(spec, host) });
  }
  // The runtime that starts it says where it belongs.
  delete document.linux.cgroupsPath;
  return document;
}

/** Copies with the bundle's own, relative paths: it may be moved. */
function keepFiles(
  libpod: Libpod,
  record: ContainerRecord,
  place: { rootfs: string; user: ReturnType<typeof resolveUser>; directory: string },
): ReturnType<typeof writeManagedFiles> {
  const { bundle } = containerPaths(libpod.paths, record.id).bundle;
  const wasThere = existsSync(bundle);
  try {
    const files = writeManagedFiles(libpod, record, { ...place, root: { uid: 0, gid: 0 } });
    mkdirSync(join(place.directory, 'files'), { mode: 0o700 });
    return files.map((file) => {
      const name = basename(file.source);
      copyFileSync(file.source, join(place.directory, 'files', name));
      return { ...file, source: `files/${name}` };
    });
  } finally {
    if (!wasThere) rmSync(bundle, { recursive: true, force: true });
  }
}

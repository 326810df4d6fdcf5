import { closeSync, existsSync, readdirSync, readlinkSync, renameSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { crashPoint } from '../base/crash-point.ts';
import { AlreadyExistsError, IntegrityError, InvalidSpecError } from '../base/errors.ts';
import { NAME_PATTERN } from '../base/ids.ts';
import type { ResolvedImage } from '../image/resolve.ts';
import {
  beginFiles,
  CHECKPOINT_FILES,
  checkpointPaths,
  objectIn,
  parseJson,
  readJsonFile,
  treeAt,
} from '../libpod/checkpoint-files.ts';
import { type ContainerRecord, getContainer } from '../libpod/container.ts';
import { logPath } from '../libpod/container-paths.ts';
import { createContainer, type CreateContainerOptions } from '../libpod/create.ts';
import { enterPod, lookupPod } from '../libpod/pod.ts';
import { removeContainer } from '../libpod/remove.ts';
import { extractFile } from '../libpod/restore.ts';
import { findVolume, getVolume } from '../libpod/volume.ts';
import { drawHostPort } from '../network/published-ports.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { parsePublished } from '../specgen/ports.ts';
import { TarReader } from '../storage/tar/tar-reader.ts';
import { TarSource } from '../storage/tar/tar-source.ts';
import { extractTree } from '../storage/tree/extract-tree.ts';
import { baseOf, cleanEntryPath, parentOf, pathBytes, printablePath } from '../storage/unpack/entry-path.ts';
import { type CheckpointDocuments, specOfCheckpoint } from './checkpoint-spec.ts';
import { type CreateHooks, imageFor } from './create-container.ts';
import type { Engine } from './engine.ts';
import type { CheckpointSource, RestoreRequest } from './restore-container.ts';
import { withSpooledTar } from './spooled-tar.ts';

export interface ImportedContainer {
  record: ContainerRecord;
  /** Brings its files to where they were; called when it is mounted. */
  fill(rootfs: string, record: ContainerRecord): Promise<void>;
}

/**
 * Makes a container as an archive describes it, with the checkpoint in its place. Until it is restored it goes with this process. The
 * archive may be anybody's: nothing in it leads out of the container's own directories.
 */
export async function createFromCheckpoint(
  engine: Engine,
  source: CheckpointSource,
  request: RestoreRequest,
  hooks: CreateHooks,
): Promise<ImportedContainer> {
  return await withSpooledTar(
    engine,
    source.archive,
    async (pull, anew) => {
      const { spec, id } = await readSpec(engine, pull, { request, hooks });
      if (!request.ignoreVolumes) checkVolumes(engine, spec);
      const image = spec.rootfs === undefined ? await imageOf(engine, spec, hooks) : undefined;
      const record = await createContainer(engine, {
        ...(await createOptions(engine, image === undefined ? spec : onImage(spec, image), request)),
        id,
        topLayerId: image?.image.topLayerId,
        keepOwner: true,
        importing: { ownsVolumes: !request.ignoreVolumes },
      });
      try {
        crashPoint('restore-after-create');
        const directory = await beginFiles(engine, record.id);
        const { previous } = source;
        if (previous !== undefined)
          await withSpooledTar(
            engine,
            previous,
            (chunks) => unpack(engine, chunks, directory),
            engine.paths.temporary,
          );
        await unpack(engine, anew(), directory);
        refuseSpecial(directory);
        crashPoint('restore-after-unpack');
        renameSync(directory, checkpointPaths(engine.paths, record.id).whole);
        return { record, fill: (rootfs, now) => fill(engine, now, rootfs, request) };
      } catch (error) {
        await removeContainer(engine, record.id, { volumes: true });
        throw error;
      }
    },
    engine.paths.temporary,
  );
}

async function unpack(engine: Engine, pull: () => Buffer | undefined, directory: string): Promise<void> {
  const tree = treeAt(engine, directory, 'of the checkpoint');
  try {
    await extractTree(tree, '', pull, {
      owner: undefined,
      devices: false,
      overwrite: true,
      withoutSetId: true,
    });
  } finally {
    tree.close();
  }
}

/**
 * Only the images of a checkpoint that builds on another lead there, and nowhere else; and nobody waits for what will never come out of
 * a FIFO.
 */
function refuseSpecial(directory: string): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() || entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink() && readlinkSync(path) === `../${CHECKPOINT_FILES.preImages}`) continue;
    const what = entry.isSymbolicLink() ? 'a link' : 'neither file nor directory';
    throw new IntegrityError(
      `a file of the checkpoint is ${what}: ${printablePath(relative(directory, path))}`,
    );
  }
}

async function readSpec(
  engine: Engine,
  pull: () => Buffer | undefined,
  { request, hooks }: { request: RestoreRequest; hooks: CreateHooks },
): Promise<{ spec: ContainerSpec; id: string | undefined }> {
  const { config, document } = readDocuments(pull);
  const isOfPod = typeof config['pod'] === 'string' && config['pod'] !== '';
  if (isOfPod && request.pod === undefined)
    throw new InvalidSpecError('cannot restore pod container without --pod');
  if (!isOfPod && request.pod !== undefined)
    throw new InvalidSpecError('cannot restore non pod container into pod');
  const { id } = config;
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id))
    throw new IntegrityError(`${CHECKPOINT_FILES.config} of the checkpoint names no container`);
  const spec = await specOfCheckpoint(engine, { config, document }, hooks);
  if (request.publish.length > 0)
    spec.network.ports = parsePublished(request.publish, { drawPort: drawHostPort });
  const name = request.name ?? spec.name;
  if (!NAME_PATTERN.test(name))
    throw new InvalidSpecError(
      `invalid container name ${JSON.stringify(name)}: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*`,
    );
  return { spec: { ...spec, name }, id: request.name === undefined ? id : undefined };
}

const LARGEST_DOCUMENT = 16 << 20;

function readDocuments(pull: () => Buffer | undefined): CheckpointDocuments {
  const texts = new Map<string, string>();
  const names: string[] = [CHECKPOINT_FILES.config, CHECKPOINT_FILES.spec];
  const reader = new TarReader(new TarSource(pull), () => undefined);
  for (let entry = reader.next(); entry !== undefined && texts.size < names.length; entry = reader.next()) {
    const name = cleanEntryPath(entry.name);
    if (entry.kind !== 'file' || !names.includes(name) || entry.size > LARGEST_DOCUMENT) continue;
    let text = '';
    for (let part = reader.content(entry.size); part !== undefined; part = reader.content(entry.size))
      text += part.toString('latin1');
    texts.set(name, Buffer.from(text, 'latin1').toString('utf8'));
  }
  const [config, document] = names.map((name) => {
    const text = texts.get(name);
    if (text === undefined)
      throw new IntegrityError(`this is no archive of a checkpoint: there is no ${name} in it`);
    return objectIn(parseJson(text, name));
  });
  return { config: config ?? {}, document: document ?? {} };
}

function checkVolumes(engine: Engine, spec: ContainerSpec): void {
  for (const name of volumesOf(spec))
    if (findVolume(engine, name) !== undefined)
      throw new AlreadyExistsError(
        `volume with name ${name} already exists. Use --ignore-volumes to not restore content of volumes`,
      );
}

function volumesOf({ mounts }: ContainerSpec): string[] {
  return mounts.flatMap((mount) =>
    mount.type === 'volume' || mount.type === 'image-volume' ? [mount.name] : [],
  );
}

/** By its id, or, where that is not here, by its name, pulled when it is missing. */
async function imageOf(engine: Engine, spec: ContainerSpec, hooks: CreateHooks): Promise<ResolvedImage> {
  const known = spec.imageId === undefined ? undefined : engine.store.images.byId(spec.imageId);
  if (known !== undefined) return { image: known, name: spec.imageName };
  return await imageFor(engine, { options: { pull: 'missing' }, image: spec.imageName, command: [] }, hooks);
}

function onImage(spec: ContainerSpec, { image }: ResolvedImage): ContainerSpec {
  return { ...spec, imageId: image.id };
}

async function createOptions(
  engine: Engine,
  spec: ContainerSpec,
  { pod: nameOrId }: RestoreRequest,
): Promise<Pick<CreateContainerOptions, 'spec' | 'pod'>> {
  const alone = withoutPlaces(spec);
  if (nameOrId === undefined) return { spec: alone };
  const { intoPod } = await import('./into-pod.ts');
  const pod = lookupPod(engine.db, nameOrId);
  const infra = pod.infraId === undefined ? undefined : getContainer(engine.db, pod.infraId);
  return {
    spec: intoPod(alone, pod, infra),
    pod: { id: pod.id, enter: (id) => enterPod(engine.db, pod.id, { id, isInfra: false }) },
  };
}

/** Other containers, and files of the host that tspod writes: those were of another machine. */
function withoutPlaces(spec: ContainerSpec): ContainerSpec {
  const { monitorPidFile: _pid, ...rest } = spec;
  const { directory: _directory, ...log } = spec.log;
  return {
    ...rest,
    dependencies: [],
    cidFile: undefined,
    pidFile: undefined,
    log: { ...log, path: undefined },
  };
}

async function fill(
  engine: Engine,
  record: ContainerRecord,
  rootfs: string,
  request: RestoreRequest,
): Promise<void> {
  const { whole } = checkpointPaths(engine.paths, record.id);
  const where = `in container ${record.name}`;
  if (!request.ignoreRootfs) {
    const changes = join(whole, CHECKPOINT_FILES.rootfs);
    if (existsSync(changes)) await extractFile(engine, changes, { directory: rootfs, where });
    removeDeleted(engine, join(whole, CHECKPOINT_FILES.deleted), { rootfs, where });
  }
  if (!request.ignoreVolumes)
    for (const name of volumesOf(record.spec))
      await fillVolume(engine, join(whole, CHECKPOINT_FILES.volumes, `${name}.tar`), name);
  const log = logPath(engine.paths, record.id, record.spec);
  const before = join(whole, CHECKPOINT_FILES.log);
  if (log !== undefined && existsSync(before) && !existsSync(log)) await copyFile(before, log);
}

function removeDeleted(
  engine: Engine,
  file: string,
  { rootfs, where }: { rootfs: string; where: string },
): void {
  if (!existsSync(file)) return;
  const paths = readJsonFile(file);
  if (!Array.isArray(paths))
    throw new IntegrityError(`${CHECKPOINT_FILES.deleted} of the checkpoint is no list`);
  const tree = treeAt(engine, rootfs, where);
  try {
    for (const path of paths) {
      const found = tree.find(Buffer.from(String(path)).toString('latin1'), false);
      if (found?.stat === undefined || found.path === '') continue;
      const parent = tree.openDirectory(parentOf(found.path));
      if (parent === undefined) continue;
      engine.syscalls.removeTreeAt(parent, pathBytes(baseOf(found.path)));
      closeSync(parent);
    }
  } finally {
    tree.close();
  }
}

/** As it was: what the image has put there is not in it. */
async function fillVolume(engine: Engine, file: string, name: string): Promise<void> {
  if (!existsSync(file))
    throw new IntegrityError(`the checkpoint does not hold the contents of volume ${name}`);
  const { mountpoint } = getVolume(engine, name);
  for (const entry of readdirSync(mountpoint)) await engine.syscalls.removeTree(join(mountpoint, entry));
  await extractFile(engine, file, { directory: mountpoint, where: `in volume ${name}` });
}

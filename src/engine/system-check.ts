import { existsSync } from 'node:fs';
import { messageOf, StorageError } from '../base/errors.ts';
import { shortId } from '../base/ids.ts';
import { containerPaths } from '../libpod/container-paths.ts';
import { type ContainerRecord, getContainer, listContainers } from '../libpod/container.ts';
import { tryLockContainer } from '../libpod/container-lock.ts';
import { findLeftovers } from '../libpod/leftovers.ts';
import { networkContext } from '../libpod/network-context.ts';
import { removeContainer } from '../libpod/remove.ts';
import { abandonedBuildContainers } from '../libpod/abandoned-builds.ts';
import { settleQuietly } from '../libpod/settle.ts';
import {
  type BundleProcesses,
  killByBundle,
  processesByBundle,
  waitForProcessesOf,
} from '../libpod/unknown-processes.ts';
import { isMountedForUser } from '../libpod/user-mount-marks.ts';
import { staleNetworks, teardownNetwork } from '../network/teardown.ts';
import { DamagedDatabaseError, explain } from '../state/db.ts';
import { acceptDocument, damagedDocuments, dropDocument } from '../state/damaged-documents.ts';
import { changedRows } from '../state/row-sum.ts';
import { type CheckFinding, checkStore, ORPHAN_STEPS, SLOW_STEP } from '../storage/check.ts';
import { storeLayout } from '../storage/layout.ts';
import { damagedRows } from './damaged-rows.ts';
import type { Engine } from './engine.ts';
import { settledPods } from './pods.ts';
import { rebuildState } from './rebuild-state.ts';

export type { CheckFinding } from '../storage/check.ts';

export interface SystemCheckOptions {
  /** Mend what can be mended without taking away what a user has written. */
  repair: boolean;
  /** And what can only be mended by removing containers. */
  force: boolean;
  /** Leave out what reads all the data. */
  quick: boolean;
  /** Milliseconds: older layers that nothing refers to count as left over. */
  maxLayerAge: number;
}

interface Problem {
  kind: CheckFinding['kind'];
  name: string;
  problem: string;
  repair?: (() => Promise<unknown> | unknown) | undefined;
}

/**
 * Looks for damage and, if asked to, mends it; safe beside running commands. Throws DamagedDatabaseError when the database cannot be
 * read and is not to be repaired.
 */
export async function systemCheck(engine: Engine, options: SystemCheckOptions): Promise<CheckFinding[]> {
  const database = checkDatabase(engine, options);
  const isRebuilt = database.length > 0;
  const changed = await mend(
    'definitions of containers',
    changedDefinitions(engine, options),
    options.repair,
  );
  const changedToo = await mend('changed rows', otherChangedRows(engine), options.repair);
  const rows = damagedRows(engine.db, options).map((row) => ({ kind: 'row' as const, ...row }));
  const unreadable = await mend('unreadable rows', rows, options.repair);
  await settledPods(engine);
  const settled: ContainerRecord[] = [];
  for (const stored of listContainers(engine.db)) {
    const record = await settleQuietly(engine, stored);
    if (record !== undefined) settled.push(record);
  }
  const unknown = unknownProcesses(engine, options);
  // With rows lost, or processes running on them, files without a row may be what a user still wants.
  const keepsOrphans = !options.force && (isRebuilt || unknown.length > 0);
  // Before their files, should these go.
  const ended = await mend('processes of unknown containers', unknown, options.repair);
  const layout = storeLayout(engine.paths.graphRoot);
  const storage = await checkStore(
    { db: engine.db, layout, system: engine.syscalls },
    {
      repair: (step) => options.repair && !(keepsOrphans && ORPHAN_STEPS.includes(step)),
      skip: options.quick ? [SLOW_STEP] : [],
      fetchAgain: (imageId) => fetchAgain(engine, imageId),
    },
  );
  const found = [
    ...(await mend('containers of builds', abandonedBuilds(engine), options.repair)),
    ...(await mend('old layers that nothing refers to', oldLayers(engine, options), options.repair)),
    ...(await mend(
      'containers without a directory',
      missingDirectories(engine, settled, options),
      options.repair,
    )),
    ...(await mend('mounts of containers that do not run', leakedMounts(engine, settled), options.repair)),
    ...(await mend('networks of containers that do not run', leakedNetworks(engine), options.repair)),
    ...(await mend('leftovers of containers and volumes', leftovers(engine), options.repair)),
  ];
  return [...database, ...changed, ...changedToo, ...unreadable, ...ended, ...storage, ...found];
}

/** From any registry that it was pulled from or pushed to; layers that are whole are not fetched. */
async function fetchAgain(engine: Engine, imageId: string): Promise<void> {
  const { pullImage } = await import('./images.ts');
  const image = engine.store.images.byId(imageId);
  if (image === undefined || image.repoDigests.length === 0)
    throw new StorageError('it came from no registry: build, load or import it again');
  const { os, architecture: arch, variant } = image.config;
  const failures: string[] = [];
  for (const name of image.repoDigests) {
    try {
      const found = await pullImage(engine, name, { policy: 'always', os, arch, variant });
      if (found.image.id === imageId) return;
      failures.push(`${name} is another image now`);
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new StorageError(failures.join('; '));
}

async function mend(step: string, problems: readonly Problem[], repair: boolean): Promise<CheckFinding[]> {
  const findings: CheckFinding[] = [];
  for (const { kind, name, problem, repair: work } of problems) {
    const repaired = repair && work !== undefined;
    if (repaired) await work();
    findings.push({ step, kind, name, problem, repaired });
  }
  return findings;
}

/** What a flipped bit has changed, or a person by hand: there is no second copy. */
function changedDefinitions(engine: Engine, { force }: SystemCheckOptions): Problem[] {
  return damagedDocuments(engine.db).map(({ id, name, isReadable }) => ({
    kind: 'container',
    name,
    problem: isReadable ? 'it is not as it was written' : 'it cannot be read',
    repair: isReadable
      ? () => acceptDocument(engine.db, id)
      : force
        ? () => dropDocument(engine.db, id)
        : undefined,
  }));
}

/** The same of volumes, pods and secrets. */
function otherChangedRows({ db }: Engine): Problem[] {
  return changedRows(db).map(({ kind, name, accept }) => ({
    kind: 'row',
    name: `${kind} ${name}`,
    problem: 'it is not as it was written',
    repair: accept,
  }));
}

function checkDatabase(engine: Engine, options: SystemCheckOptions): CheckFinding[] {
  const name = engine.paths.database;
  const finding = (problem: string): CheckFinding => ({
    step: 'state database',
    kind: 'file',
    name,
    problem,
    repaired: true,
  });
  let reason: string;
  try {
    const answers = engine.db.pragma(options.quick ? 'quick_check(1)' : 'integrity_check(1)', {
      simple: true,
    });
    if (answers === 'ok') return [];
    reason = String(answers).split('\n').at(-1) ?? '';
  } catch (error) {
    const explained = explain(error, name);
    if (!(explained instanceof DamagedDatabaseError) || !options.repair) throw explained;
    reason = explained.message.replace(/^.* is damaged: /, '');
  }
  if (!options.repair) throw explain(Object.assign(new Error(reason), { code: 'SQLITE_CORRUPT' }), name);
  return [finding(`is damaged: ${reason}`), ...rebuildState(engine).map(finding)];
}

function abandonedBuilds(engine: Engine): Problem[] {
  return abandonedBuildContainers(engine).map(({ id }) => ({
    kind: 'container',
    name: shortId(id),
    problem: 'its build was killed',
    repair: () => removeContainer(engine, id, { force: true, stopTimeout: 0 }),
  }));
}

function oldLayers(engine: Engine, options: SystemCheckOptions): Problem[] {
  const limit = new Date(Date.now() - options.maxLayerAge).toISOString();
  const ids = engine.db
    .prepare(
      `SELECT id FROM layers WHERE incomplete = 0 AND created_at < ? AND owner IS NULL
        AND id NOT IN (SELECT top_layer FROM images WHERE top_layer IS NOT NULL)
        AND id NOT IN (SELECT layer_id FROM containers WHERE layer_id IS NOT NULL)
        AND id NOT IN (SELECT layer_id FROM build_cache WHERE layer_id IS NOT NULL)
        AND id NOT IN (SELECT parent_id FROM layers WHERE parent_id IS NOT NULL)`,
    )
    .pluck()
    .all(limit) as string[];
  return ids.map((name) => ({
    kind: 'layer',
    name,
    problem: 'no image or container needs it',
    repair: () => engine.store.layers.removeUnused(),
  }));
}

function missingDirectories(
  engine: Engine,
  records: readonly ContainerRecord[],
  options: SystemCheckOptions,
): Problem[] {
  return records
    .filter(
      ({ id, state }) => state !== 'creating' && !existsSync(containerPaths(engine.paths, id).directory),
    )
    .map(({ id, name }) => ({
      kind: 'container',
      name,
      problem: 'its files are missing (--repair --force removes it)',
      repair: options.force
        ? () => removeContainer(engine, id, { force: true, dependents: true, stopTimeout: 0 })
        : undefined,
    }));
}

function leakedMounts(engine: Engine, records: readonly ContainerRecord[]): Problem[] {
  const { rootfs } = engine.store;
  const idle = ({ state }: ContainerRecord): boolean => state === 'created' || state === 'exited';
  return records
    .filter((record) => idle(record) && rootfs.isMounted(record.id) && !isMountedForUser(engine, record.id))
    .flatMap(({ id, name }) => {
      // Somebody may be about to start it, or to copy from it.
      const lock = tryLockContainer(engine, id);
      if (lock === undefined) return [];
      lock.release();
      return {
        kind: 'container' as const,
        name,
        problem: 'is mounted though it does not run',
        repair: () => unmountIdle(engine, id),
      };
    });
}

function unmountIdle(engine: Engine, id: string): void {
  const lock = tryLockContainer(engine, id);
  if (lock === undefined) return;
  try {
    const state = getContainer(engine.db, id)?.state;
    if (state === 'created' || state === 'exited') engine.store.rootfs.unmount(id);
  } finally {
    lock.release();
  }
}

function leakedNetworks(engine: Engine): Problem[] {
  const context = networkContext(engine, '');
  const running = new Set(processesByBundle(engine).map(({ id }) => id));
  const stale = staleNetworks(context).filter((id) => !running.has(id));
  return stale.map((id) => ({
    kind: 'container',
    name: shortId(id),
    problem: 'its network is still set up though it does not run',
    repair: () => teardownNetwork(context, id),
  }));
}

function unknownProcesses(engine: Engine, options: SystemCheckOptions): Problem[] {
  return processesByBundle(engine)
    .filter(({ id }) => getContainer(engine.db, id) === undefined)
    .map((processes) => ({
      kind: 'container',
      name: processes.id,
      problem: `runs as process ${processes.program?.pid ?? processes.monitor?.pid}, but there is no such container (--repair --force ends it)`,
      repair: options.force ? () => endUnknown(engine, processes) : undefined,
    }));
}

async function endUnknown(engine: Engine, processes: BundleProcesses): Promise<void> {
  await killByBundle(engine, processes);
  await waitForProcessesOf([processes.id]);
}

function leftovers(engine: Engine): Problem[] {
  return findLeftovers(engine).map(({ path, problem, remove }) => ({
    kind: 'file',
    name: path,
    problem,
    repair: remove,
  }));
}

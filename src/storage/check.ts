import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { hexOf, sha256Of } from '../base/ids.ts';
import { isAlive } from '../native/process-identity.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { type Database, type Row, transaction } from '../state/db.ts';
import { isMountPoint, unmountAll } from './drivers/mount-point.ts';
import { isMarkedDamaged, markDamaged, unmarkDamaged } from './damaged-layer.ts';
import { containerPaths, layerPaths, type StoreLayout } from './layout.ts';
import { isPartialBlob, layersOfPartialBlobs, removePartialBlobOf } from './partial-blobs.ts';
import { listNames, removeThroughTrash } from './removal.ts';
import { abandonedLayers, orphanedLayerDirectories } from './unused-layers.ts';
import { layerProblem } from './verify-layer.ts';

export interface CheckContext {
  db: Database;
  layout: StoreLayout;
  system: Syscalls;
}

export interface CheckFinding {
  /** The step that found it. */
  step: string;
  kind: 'layer' | 'image' | 'container' | 'file' | 'row';
  /** Id or path. */
  name: string;
  problem: string;
  repaired: boolean;
}

export interface CheckOptions {
  /** By the name of the step. */
  repair: boolean | ((step: string) => boolean);
  /** Steps that are left out. */
  skip?: readonly string[];
  /** Brings the damaged layers of an image back; throws where it cannot. Absent: the next pull does. */
  fetchAgain?: (imageId: string) => Promise<void>;
}

interface Problem {
  kind: CheckFinding['kind'];
  name: string;
  problem: string;
  /** Absent: nothing can be done here, the hint of the command tells what the user can do. */
  repair?: () => void | Promise<void>;
}

interface StepOptions extends Pick<CheckOptions, 'fetchAgain'> {
  /** What this step finds will be mended. */
  repairs: boolean;
}

interface CheckStep {
  name: string;
  find(context: CheckContext, options: StepOptions): Iterable<Problem>;
}

/**
 * Each step looks for one kind of damage, and with `repair` mends it at once, so that later steps see a better store. A damaged
 * layer is marked; then it alone is fetched again, now or by the next pull of any image that has it, and everything on top of it
 * works again. Safe beside running commands.
 */
const STEPS: readonly CheckStep[] = [
  { name: 'unfinished layers', find: findUnfinishedLayers },
  { name: 'layer directories without a record', find: findLayerOrphans },
  { name: 'layer records without a directory', find: findMissingLayers },
  { name: 'layers that are not what they were', find: findChangedLayers },
  { name: 'layers without their parent', find: findParentlessLayers },
  { name: 'images with damaged layers', find: findImagesToPullAgain },
  { name: 'images that are not what they were', find: findChangedImages },
  { name: 'container directories without a record', find: findContainerOrphans },
  { name: 'leftover temporary files', find: findStaleTemporaries },
  { name: 'leftover trash', find: findTrash },
];

export const CHECK_STEPS: readonly string[] = STEPS.map((step) => step.name);
/** The one that reads much. */
export const SLOW_STEP = 'layers that are not what they were';
/** Those that delete what no row names: with rows lost, that may be what a user still wants. */
export const ORPHAN_STEPS: readonly string[] = [
  'layer directories without a record',
  'container directories without a record',
];

/** Runs all steps; one that fails is itself a finding. */
export async function checkStore(context: CheckContext, options: CheckOptions): Promise<CheckFinding[]> {
  const findings: CheckFinding[] = [];
  const mayRepair = typeof options.repair === 'function' ? options.repair : () => options.repair === true;
  for (const step of STEPS) {
    if (options.skip?.includes(step.name)) continue;
    try {
      const repairs = mayRepair(step.name);
      for (const found of [...step.find(context, { ...options, repairs })])
        findings.push(await mendOne(step.name, found, repairs));
    } catch (error) {
      const problem = `this check failed: ${messageOf(error)}`;
      findings.push({
        step: step.name,
        kind: 'file',
        name: context.layout.graphRoot,
        problem,
        repaired: false,
      });
    }
  }
  keepForContainers(context, findings);
  return findings;
}

async function mendOne(step: string, found: Problem, mayRepair: boolean): Promise<CheckFinding> {
  const { kind, name, problem, repair } = found;
  const finding = { step, kind, name, problem };
  if (!mayRepair || repair === undefined) return { ...finding, repaired: false };
  try {
    await repair();
    return { ...finding, repaired: true };
  } catch (error) {
    return { ...finding, problem: `${problem}, but that failed: ${messageOf(error)}`, repaired: false };
  }
}

/** Containers on a layer that could not be fetched go on with what there is of it. */
function keepForContainers({ db, layout }: CheckContext, findings: CheckFinding[]): void {
  for (const finding of findings) {
    if (finding.kind !== 'layer' || !finding.repaired || !isMarkedDamaged(db, finding.name)) continue;
    if (!existsSync(layerPaths(layout, finding.name).diff) || containersOn(db, finding.name).length === 0)
      continue;
    unmarkDamaged(db, finding.name);
    finding.repaired = false;
  }
}

/** Those that the next attempt goes on with are nothing wrong, but whoever repairs wants their room. */
function* findUnfinishedLayers(context: CheckContext, { repairs }: StepOptions): Iterable<Problem> {
  const { tmp } = context.layout;
  const resumable = layersOfPartialBlobs(tmp);
  for (const id of abandonedLayers(context.db)) {
    if (resumable.has(id) && !repairs) continue;
    yield {
      kind: 'layer',
      name: id,
      problem: 'its unpacking was interrupted',
      repair: async () => {
        if (removePartialBlobOf(tmp, id)) await dropUnfinished(context, id);
      },
    };
  }
}

function* findLayerOrphans(context: CheckContext): Iterable<Problem> {
  const { layout, system } = context;
  for (const id of orphanedLayerDirectories(context)) {
    const { dir } = layerPaths(layout, id);
    yield {
      kind: 'file',
      name: dir,
      problem: 'belongs to no layer',
      repair: () => removeThroughTrash(system, layout, dir),
    };
  }
}

function* findMissingLayers({ db, layout }: CheckContext): Iterable<Problem> {
  for (const id of completeLayers(db)) {
    if (existsSync(layerPaths(layout, id).diff)) continue;
    yield { kind: 'layer', name: id, problem: 'its directory is missing', repair: () => markDamaged(db, id) };
  }
}

/** Those of additional stores are for their owners to check. */
function* findChangedLayers({ db, layout, system }: CheckContext): Iterable<Problem> {
  const layers = db
    .prepare('SELECT id, diff_id FROM layers WHERE incomplete = 0 AND store IS NULL')
    .all() as Row[];
  for (const row of layers) {
    const id = String(row['id']);
    if (!existsSync(layerPaths(layout, id).diff)) continue;
    const problem = layerProblem({ layout, system }, id, String(row['diff_id']));
    if (problem === undefined) continue;
    const user = containersOn(db, id).find((each) => isMountPoint(containerPaths(layout, each).merged));
    // The new files come into the place of the old ones, which would be taken away beneath it.
    if (user !== undefined)
      yield { kind: 'layer', name: id, problem: `${problem} (stop container ${user.slice(0, 12)} first)` };
    else yield { kind: 'layer', name: id, problem, repair: () => markDamaged(db, id) };
  }
}

function* findParentlessLayers({ db }: CheckContext): Iterable<Problem> {
  const ids = db
    .prepare(
      `SELECT id FROM layers WHERE incomplete = 0 AND parent_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM layers AS parent WHERE parent.id = layers.parent_id)`,
    )
    .pluck()
    .all() as string[];
  for (const id of ids)
    yield {
      kind: 'layer',
      name: id,
      problem: 'the layer below it is gone',
      repair: () => markDamaged(db, id),
    };
}

function* findImagesToPullAgain({ db }: CheckContext, { fetchAgain }: StepOptions): Iterable<Problem> {
  for (const id of imagesWithDamage(db)) {
    const problem = 'a layer of it is damaged: pull the image again';
    // The same layer may have come back with another image.
    const repair = async () => {
      if (imagesWithDamage(db).includes(id)) await fetchAgain?.(id);
    };
    yield { kind: 'image', name: id, problem, ...(fetchAgain === undefined ? {} : { repair }) };
  }
}

/** Their ids and digests tell what they must say; there is no second copy. */
function* findChangedImages({ db }: CheckContext): Iterable<Problem> {
  const rows = db.prepare('SELECT id, config, manifest, manifest_digest FROM images').iterate();
  for (const row of rows as Iterable<Row>) {
    const id = String(row['id']);
    const isWhole = hexOf(sha256Of(String(row['config']))) === id;
    const problem = `its ${isWhole ? 'manifest' : 'configuration'} is not what it was: remove it, and pull or build it again`;
    if (!isWhole || sha256Of(String(row['manifest'])) !== row['manifest_digest'])
      yield { kind: 'image', name: id, problem };
  }
}

function imagesWithDamage(db: Database): string[] {
  return db
    .prepare(
      `WITH RECURSIVE chain(image, layer) AS (
         SELECT id, top_layer FROM images WHERE top_layer IS NOT NULL
         UNION SELECT image, parent_id FROM chain JOIN layers ON layers.id = layer WHERE parent_id IS NOT NULL)
       SELECT DISTINCT image FROM chain LEFT JOIN layers ON layers.id = layer
        WHERE layers.id IS NULL OR layers.incomplete = 1`,
    )
    .pluck()
    .all() as string[];
}

function* findContainerOrphans({ db, layout, system }: CheckContext): Iterable<Problem> {
  // First the directories, then the rows: a row always comes before its directory.
  const names = listNames(layout.containers);
  const known = new Set(db.prepare('SELECT id FROM containers').pluck().all());
  for (const name of names) {
    if (known.has(name)) continue;
    const { dir, merged } = containerPaths(layout, name);
    const mounted = isMountPoint(merged);
    yield {
      kind: 'file',
      name: dir,
      problem: mounted ? 'belongs to no container and is still mounted' : 'belongs to no container',
      repair: async () => {
        unmountAll(system, merged);
        await removeThroughTrash(system, layout, dir);
      },
    };
  }
}

/** Temporary things carry the pid and start time of their owner in their names: `…-PID-START-BOOT`. */
function* findStaleTemporaries({ layout, system }: CheckContext): Iterable<Problem> {
  for (const name of listNames(layout.tmp)) {
    const match = /-(\d+)-(\d+)(?:-[0-9a-f-]+)?$/.exec(name);
    if (match !== null && isAlive({ pid: Number(match[1]), startTime: match[2] })) continue;
    // The next pull goes on with it; a prune removes it.
    if (isPartialBlob(name)) continue;
    const path = join(layout.tmp, name);
    yield {
      kind: 'file',
      name: path,
      problem: 'its owner has ended',
      repair: async () => {
        unmountAll(system, join(path, 'merged'));
        await system.removeTree(path);
      },
    };
  }
}

function* findTrash({ layout, system }: CheckContext): Iterable<Problem> {
  for (const name of listNames(layout.trash)) {
    const path = join(layout.trash, name);
    yield {
      kind: 'file',
      name: path,
      problem: 'was not deleted to the end',
      repair: () => system.removeTree(path),
    };
  }
}

function completeLayers(db: Database): string[] {
  return db.prepare('SELECT id FROM layers WHERE incomplete = 0').pluck().all() as string[];
}

function containersOn(db: Database, id: string): string[] {
  return db
    .prepare(
      `WITH RECURSIVE above(id) AS (SELECT ? UNION SELECT layers.id FROM layers JOIN above ON layers.parent_id = above.id)
       SELECT containers.id FROM above JOIN containers ON containers.layer_id = above.id`,
    )
    .pluck()
    .all(id) as string[];
}

/** Nothing refers to it: it never became visible. */
async function dropUnfinished({ db, layout, system }: CheckContext, id: string): Promise<void> {
  transaction(db, () => db.prepare('DELETE FROM layers WHERE id = ? AND incomplete = 1').run(id));
  await removeThroughTrash(system, layout, layerPaths(layout, id).dir);
}

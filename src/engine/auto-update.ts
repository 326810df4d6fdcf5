import { crashPoint } from '../base/crash-point.ts';
import { InvalidSpecError, messageOf, TspodError, UnsupportedError } from '../base/errors.ts';
import { shortId } from '../base/ids.ts';
import { rootlessUid } from '../base/paths.ts';
import { runProgram } from '../base/run-program.ts';
import { lookUpImage } from '../image/resolve.ts';
import { type ContainerRecord, listContainers } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import { fetchFromRegistry } from './distribution.ts';
import type { Engine } from './engine.ts';
import { forgetUpdate, noteUpdate, type UnfinishedUpdate, unfinishedUpdates } from './unfinished-updates.ts';
import { parseReference, pullImage, repositoryOf, tagImage } from './images.ts';

const POLICY_LABEL = 'io.containers.autoupdate';
const AUTHFILE_LABEL = 'io.containers.autoupdate.authfile';
const UNIT_LABEL = 'PODMAN_SYSTEMD_UNIT';
/** systemd gives up on a unit itself; this is for a service manager that does not answer. */
const RESTART_LIMIT_MS = 900_000;

export interface AutoUpdateOptions {
  authfile: string | undefined;
  tlsVerify: boolean | undefined;
  dryRun: boolean;
  /** A unit that does not start with the new image gets the old one back. */
  rollback: boolean;
}

export type Updated = 'true' | 'false' | 'pending' | 'rolled back' | 'failed';

export interface UpdateReport {
  unit: string;
  containerId: string;
  containerName: string;
  image: string;
  policy: 'registry' | 'local';
  updated: Updated;
}

interface Task {
  record: ContainerRecord;
  policy: UpdateReport['policy'];
  unit: string;
}

/** Restarts the units of running containers that are labelled so and whose image has become another. */
export async function autoUpdate(
  engine: Engine,
  options: AutoUpdateOptions,
): Promise<{ reports: UpdateReport[]; failures: unknown[] }> {
  const failures: unknown[] = [];
  // First: a unit that runs again is one to be looked at.
  if (!options.dryRun)
    for (const update of unfinishedUpdates(engine)) await finishUpdate(engine, update, { options, failures });
  const units = new Map<string, Task[]>();
  for (const record of listContainers(engine.db)) {
    try {
      const task = taskOf(engine, record);
      if (task !== undefined) units.set(task.unit, [...(units.get(task.unit) ?? []), task]);
    } catch (error) {
      failures.push(error);
    }
  }
  const reports: UpdateReport[] = [];
  for (const tasks of units.values())
    reports.push(...(await updateUnit(engine, tasks, { options, failures })));
  return { reports, failures };
}

/** Undefined: it is not to be updated, or does not run. */
function taskOf(engine: Engine, record: ContainerRecord): Task | undefined {
  const { labels } = record.spec;
  const word = labels[POLICY_LABEL]?.toLowerCase() ?? '';
  if (word === '' || word === 'disabled' || observe(engine, record).state !== 'running') return undefined;
  const what = `auto-updating container ${record.name}`;
  const policy = word === 'image' ? 'registry' : word;
  if (policy !== 'registry' && policy !== 'local')
    throw new InvalidSpecError(
      `${what}: label ${POLICY_LABEL}=${JSON.stringify(word)} must be registry, local or disabled`,
    );
  const unit = labels[UNIT_LABEL];
  if (unit === undefined || !/^[\w:.\\@-]+$/.test(unit) || unit.startsWith('-'))
    throw new InvalidSpecError(`${what}: no ${UNIT_LABEL} label found: it was not made by a systemd unit`);
  if (policy === 'registry' && !/^[^/]+[.:][^/]*\/|^localhost\//.test(record.spec.rawImageName))
    throw new InvalidSpecError(
      `${what}: image ${JSON.stringify(record.spec.rawImageName)} must be named in full, with its registry`,
    );
  return { record, policy, unit };
}

/** An image that several of its containers share is looked for once. */
async function updateUnit(
  engine: Engine,
  tasks: readonly Task[],
  { options, failures }: { options: AutoUpdateOptions; failures: unknown[] },
): Promise<UpdateReport[]> {
  const states = new Map<Task, Updated>();
  const replaced: Task[] = [];
  for (const task of tasks) {
    try {
      if (!(await isOutdated(engine, task, options))) states.set(task, 'false');
      else if (options.dryRun) states.set(task, 'pending');
      else {
        if (task.policy === 'registry') await fetchNew(engine, task, options);
        replaced.push(task);
      }
    } catch (error) {
      states.set(task, 'failed');
      failures.push(failureOf(task, error));
    }
  }
  if (replaced.length > 0) {
    const end = await restart(engine, replaced, { options, failures });
    for (const task of replaced) states.set(task, end);
  }
  return tasks.map((task) => ({
    unit: task.unit,
    containerId: task.record.id,
    containerName: task.record.name,
    image: task.record.spec.rawImageName,
    policy: task.policy,
    updated: states.get(task) ?? 'failed',
  }));
}

async function isOutdated(
  engine: Engine,
  { record, policy }: Task,
  options: AutoUpdateOptions,
): Promise<boolean> {
  const { imageId, imageName } = record.spec;
  if (policy === 'local') {
    const found = await lookUpImage(engine.store.images, imageName, { shortNames: 'podman' });
    return found !== undefined && found.image.id !== imageId;
  }
  const { manifest } = await fetchFromRegistry(engine, imageName, access(record, options));
  const known = engine.store.images.byDigest(repositoryOf(parseReference(imageName)), manifest.digest);
  return known?.id !== imageId;
}

async function fetchNew(engine: Engine, { record }: Task, options: AutoUpdateOptions): Promise<void> {
  await pullImage(engine, record.spec.imageName, { ...access(record, options), policy: 'newer' });
}

function access({ spec }: ContainerRecord, { authfile, tlsVerify }: AutoUpdateOptions) {
  return { authfile: spec.labels[AUTHFILE_LABEL] ?? authfile, tlsVerify };
}

async function restart(
  engine: Engine,
  tasks: readonly Task[],
  { options, failures }: { options: AutoUpdateOptions; failures: unknown[] },
): Promise<Updated> {
  const unit = tasks[0]?.unit ?? '';
  const images = tasks.flatMap(({ record: { spec } }) =>
    spec.imageId === undefined ? [] : [{ id: spec.imageId, name: spec.imageName }],
  );
  if (options.rollback) noteUpdate(engine, { unit, images });
  crashPoint('auto-update-before-restart');
  const failure = await restartUnit(unit);
  if (failure === undefined) {
    forgetUpdate(engine, unit);
    return 'true';
  }
  failures.push(failure);
  return options.rollback ? await goBack(engine, { unit, images }, failures) : 'failed';
}

/** The names mean the old images again. */
async function goBack(
  engine: Engine,
  { unit, images }: UnfinishedUpdate,
  failures: unknown[],
): Promise<Updated> {
  crashPoint('auto-update-before-rollback');
  try {
    for (const { id, name } of images) await tagImage(engine, id, [name]);
  } catch (error) {
    failures.push(new TspodError(`cannot roll back ${unit}: ${messageOf(error)}`, { cause: error }));
    forgetUpdate(engine, unit);
    return 'failed';
  }
  crashPoint('auto-update-before-second-restart');
  // It may have been tried too often for another start.
  await runProgram('systemctl', [...manager(), 'reset-failed', '--', unit], {
    timeoutMs: RESTART_LIMIT_MS,
  }).catch(() => undefined);
  const again = await restartUnit(unit);
  if (again !== undefined) failures.push(again);
  forgetUpdate(engine, unit);
  return again === undefined ? 'rolled back' : 'failed';
}

/**
 * What was killed after it had noted the update. A unit that has failed since then gets its old images back; one that runs was restarted
 * with the new ones, or is outdated still; one that was stopped is nobody's to start.
 */
async function finishUpdate(
  engine: Engine,
  update: UnfinishedUpdate,
  { options, failures }: { options: AutoUpdateOptions; failures: unknown[] },
): Promise<void> {
  const state = await stateOf(update.unit);
  if (state === 'activating' || state === 'reloading') return;
  if (state !== 'failed' || !options.rollback) return forgetUpdate(engine, update.unit);
  const end = await goBack(engine, update, failures);
  if (end === 'rolled back')
    failures.push(
      new TspodError(
        `${update.unit} had failed with a new image when its update was interrupted: it has the old one again`,
      ),
    );
}

async function stateOf(unit: string): Promise<string> {
  const { stdout } = await runProgram('systemctl', [...manager(), 'is-active', '--', unit], {
    timeoutMs: RESTART_LIMIT_MS,
  }).catch(() => ({ stdout: '' }));
  return stdout.trim();
}

function manager(): string[] {
  return rootlessUid() === undefined ? [] : ['--user'];
}

/** Undefined: it runs again. */
async function restartUnit(unit: string): Promise<TspodError | undefined> {
  try {
    const { code, stderr } = await runProgram('systemctl', [...manager(), 'restart', '--', unit], {
      timeoutMs: RESTART_LIMIT_MS,
    });
    return code === 0
      ? undefined
      : new TspodError(`cannot restart ${unit}: ${stderr.trim() || `systemctl ended with ${code}`}`);
  } catch (error) {
    return new UnsupportedError(`cannot restart ${unit}: ${messageOf(error)}`, {
      cause: error,
      hint: 'units are restarted by systemctl',
    });
  }
}

function failureOf({ record, unit }: Task, error: unknown): TspodError {
  return new TspodError(
    `auto-updating container ${shortId(record.id)} (${record.name}) of ${unit}: ${messageOf(error)}`,
    { cause: error },
  );
}

import { rmSync } from 'node:fs';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { type ContainerRecord, getContainer, listContainers } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import { shutdownMark } from '../libpod/restart-policy.ts';
import { startContainer } from '../libpod/start.ts';
import { stopContainer } from '../libpod/stop.ts';
import type { Engine } from './engine.ts';

/** Names of the containers that were started or stopped, and what went wrong with others. */
export interface BootReport {
  done: string[];
  errors: unknown[];
}

const ALIVE = ['starting', 'running', 'paused', 'stopping', 'initialized'];

/** Starts what docker's daemon would start when it comes up. What runs is left alone, so it may be called at any time. */
export async function bootContainers(engine: Engine): Promise<BootReport> {
  rmSync(shutdownMark(engine.paths), { force: true });
  const report: BootReport = { done: [], errors: [] };
  const tried = new Set<string>();
  for (const record of listContainers(engine.db)) {
    if (startsOnBoot(record)) await startWithDependencies(engine, record, tried, report);
  }
  return report;
}

/**
 * `always` even when somebody has stopped it; a container that never ran is left alone, as docker leaves it. So is one with a checkpoint, from
 * which it can go on.
 */
function startsOnBoot(record: ContainerRecord): boolean {
  const { name } = record.spec.restart;
  if (record.startedAt === undefined || record.checkpoint?.checkpointedAt !== undefined) return false;
  return name === 'always' || (name === 'unless-stopped' && !record.stoppedByUser);
}

async function startWithDependencies(
  engine: Engine,
  record: ContainerRecord,
  tried: Set<string>,
  report: BootReport,
): Promise<void> {
  if (tried.has(record.id)) return;
  tried.add(record.id);
  for (const id of record.spec.dependencies) {
    const needed = getContainer(engine.db, id);
    if (needed !== undefined) await startWithDependencies(engine, needed, tried, report);
  }
  if (ALIVE.includes(observe(engine, record).state)) return;
  try {
    const started = await startContainer(engine, record.id);
    started.monitor?.close();
    report.done.push(record.name);
  } catch (error) {
    report.errors.push(error);
  }
}

/** The host goes down: stops everything, not as a user does, and keeps it down until the next boot. */
export async function stopForShutdown(engine: Engine): Promise<BootReport> {
  writeFileAtomic(shutdownMark(engine.paths), '', { durable: false });
  const report: BootReport = { done: [], errors: [] };
  const stop = async (record: ContainerRecord): Promise<void> => {
    try {
      if (!ALIVE.includes(observe(engine, record).state)) return;
      // A paused one is thawed by the stop.
      await stopContainer(engine, record.id, { byHost: true, forRemoval: true, withPod: true });
      report.done.push(record.name);
    } catch (error) {
      report.errors.push(error);
    }
  };
  // Those that others depend on come last; the rest at once, for each may take the whole of its time to stop.
  const records = listContainers(engine.db);
  const needed = new Set(records.flatMap((record) => record.spec.dependencies));
  await Promise.all(records.filter((record) => !needed.has(record.id)).map(stop));
  for (const record of records.filter(({ id }) => needed.has(id)).reverse()) await stop(record);
  return report;
}

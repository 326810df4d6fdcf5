import { messageOf, UnsupportedError, UsageError } from '../base/errors.ts';
import { changeLimits } from '../libpod/change-limits.ts';
import { listContainers } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import { chosenRuntime } from '../libpod/runtime-of.ts';
import { stopContainer } from '../libpod/stop.ts';
import { waitForProcessesOf } from '../libpod/unknown-processes.ts';
import { rootlessIdentity, stopPauseProcess } from '../rootless/namespace.ts';
import type { Engine } from './engine.ts';

export interface MigrateReport {
  /** Ids of the containers that ran. */
  stopped: string[];
  /** One sentence each. */
  troubles: string[];
}

/**
 * Gives the user namespace of a user up, so that the next command makes one with the ids of that time. Containers in it must end
 * first: as long as one lives, it would be found and joined again. Nothing happens as root.
 */
export async function systemMigrate(
  engine: Engine,
  { newRuntime }: { newRuntime?: string | undefined } = {},
): Promise<MigrateReport> {
  const report: MigrateReport = { stopped: [], troubles: [] };
  if (newRuntime !== undefined) checkRuntime(engine, newRuntime);
  if (rootlessIdentity() === undefined) {
    if (newRuntime !== undefined) await giveRuntime(engine, newRuntime);
    return report;
  }
  for (const record of listContainers(engine.db)) {
    if (!LIVE.has(observe(engine, record).state)) continue;
    try {
      await stopContainer(engine, record.id, {});
      report.stopped.push(record.id);
    } catch (error) {
      report.troubles.push(`cannot stop container ${record.name}: ${messageOf(error)}`);
    }
  }
  if (report.troubles.length > 0) return report;
  if (newRuntime !== undefined) await giveRuntime(engine, newRuntime);
  engine.close();
  // A monitor that is just ending would be found, and its namespace be joined again.
  await waitForProcessesOf(report.stopped);
  await stopPauseProcess();
  return report;
}

/** Before anything is stopped. */
function checkRuntime(engine: Engine, name: string): void {
  if (name === '')
    throw new UsageError('invalid --new-runtime "": must be the name or the path of an OCI runtime');
  try {
    chosenRuntime(engine, name);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    throw new UnsupportedError(
      `change to new OCI runtime requested but runtime ${JSON.stringify(name)} is not to be found on this host`,
      { cause: error, hint: 'give its path, or install it and check [engine.runtimes] in containers.conf' },
    );
  }
}

/** What runs keeps the runtime that it was started with until it ends. */
async function giveRuntime(engine: Engine, runtime: string): Promise<void> {
  for (const { id } of listContainers(engine.db))
    await changeLimits(engine, id, (spec) => ({ ...spec, runtime }));
}

const LIVE = new Set(['running', 'paused', 'stopping', 'initialized']);

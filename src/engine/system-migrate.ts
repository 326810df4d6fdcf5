import { messageOf } from '../base/errors.ts';
import { listContainers } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
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
export async function systemMigrate(engine: Engine): Promise<MigrateReport> {
  const report: MigrateReport = { stopped: [], troubles: [] };
  if (rootlessIdentity() === undefined) return report;
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
  engine.close();
  // A monitor that is just ending would be found, and its namespace be joined again.
  await waitForProcessesOf(report.stopped);
  await stopPauseProcess();
  return report;
}

const LIVE = new Set(['running', 'paused', 'stopping', 'initialized']);

import { transaction } from '../state/db.ts';
import { recordEvent } from '../state/events.ts';
import { DEFAULT_HEALTH } from '../specgen/container-spec.ts';
import { type ContainerRecord, getContainer } from './container.ts';
import type { Libpod } from './context.ts';
import { readHealth } from './health-record.ts';
import { observe, trustParentMonitor } from './observe.ts';
import { sendSignal } from './signal.ts';
import { startContainer } from './start.ts';
import { stopContainer } from './stop.ts';

const SIGKILL = 9;

/**
 * What the monitor has the engine do when the health of a container has changed: records the event, and where it has become
 * unhealthy (or its start-up check has failed too often) does what was asked for. A container that is gone is fine.
 */
export async function healthChanged(libpod: Libpod, id: string, status: string): Promise<void> {
  trustParentMonitor();
  const record = getContainer(libpod.db, id);
  if (record === undefined || observe(libpod, record).state !== 'running') return;
  if (status === 'startup-failed') return await restart(libpod, record);
  const { onFailure, logDestination } = record.spec.health ?? DEFAULT_HEALTH;
  const health = readHealth(libpod, record);
  const writeEvent = (): void =>
    recordEvent(libpod.db, {
      kind: 'container',
      action: 'health_status',
      objectId: id,
      name: record.name,
      attributes: {
        image: record.imageName,
        ...record.spec.labels,
        health_status: status,
        health_failing_streak: String(health?.FailingStreak ?? 0),
        ...(logDestination === 'events_logger' ? { health_log: health?.Log.at(-1)?.Output ?? '' } : {}),
      },
    });
  transaction(libpod.db, writeEvent, false);
  if (status !== 'unhealthy') return;
  // A restart policy may bring it back: it is not the user who kills it.
  if (onFailure === 'kill') await sendSignal(libpod, record, SIGKILL);
  else if (onFailure === 'stop') await stopContainer(libpod, id);
  else if (onFailure === 'restart') await restart(libpod, record);
}

async function restart(libpod: Libpod, record: ContainerRecord): Promise<void> {
  await stopContainer(libpod, record.id, { forRestart: true });
  const started = await startContainer(libpod, record.id, { restart: true });
  started.monitor?.close();
}

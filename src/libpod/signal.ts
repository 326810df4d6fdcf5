import { errnoOf, NotFoundError, WrongStateError } from '../base/errors.ts';
import { isAlive } from '../native/process-identity.ts';
import { signalContainer } from '../oci/runtime-client.ts';
import { transaction } from '../state/db.ts';
import { recordEvent, type STOP_SIGNAL } from '../state/events.ts';
import { type ContainerRecord, updateContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { runtimeOf } from './runtime-of.ts';
import { settle } from './settle.ts';

const SIGKILL = 9;

/**
 * Sends a signal to the container's first process. Where that is a process of this host, directly (a runtime's `kill` costs a
 * process and does no more); a sandbox such as runsc has to pass it on itself.
 */
export async function sendSignal(libpod: Libpod, record: ContainerRecord, signal: number): Promise<void> {
  const runtime = runtimeOf(libpod, record);
  if (record.pid === undefined || runtime.sandboxed) return await signalContainer(runtime, record.id, signal);
  // The start time guards against a recycled pid; the monitor reaps, so between check and signal nothing else can take the pid
  // without a full cycle of the pid space.
  if (!isAlive({ pid: record.pid, startTime: record.facts.pidStart })) return;
  try {
    process.kill(record.pid, signal);
  } catch (error) {
    // It has ended since it was looked at.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** `tspod kill`. WrongStateError unless it runs. */
export async function killContainer(libpod: Libpod, id: string, signal: number): Promise<void> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    if (!['running', 'stopping', 'paused', 'initialized'].includes(record.state)) {
      throw new WrongStateError(
        `can only kill running containers. ${record.id} is in state ${record.state}: container state improper`,
        { docker: `cannot kill container: ${record.name}: container ${record.id} is not running` },
      );
    }
    await sendSignal(libpod, record, signal);
    transaction(
      libpod.db,
      () => {
        if (signal === SIGKILL || signal === record.spec.stopSignal)
          updateContainer(libpod.db, id, { stoppedByUser: true });
        recordSignal(libpod, record, signal, 'kill');
      },
      false,
    );
  } finally {
    lock.release();
  }
}

/** Within a transaction of the caller's. */
export function recordSignal(
  libpod: Libpod,
  { id, name, spec, imageName }: ContainerRecord,
  signal: number,
  action: 'kill' | typeof STOP_SIGNAL,
): void {
  recordEvent(libpod.db, {
    kind: 'container',
    action,
    objectId: id,
    name,
    attributes: { ...spec.labels, image: imageName, signal: String(signal) },
  });
}

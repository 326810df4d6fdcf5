import { crashPoint } from '../base/crash-point.ts';
import { NotFoundError, UnsupportedError } from '../base/errors.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';
import { pauseContainer as pauseInRuntime, resumeContainer } from '../oci/runtime-client.ts';
import { type ContainerRecord, updateContainer } from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { markFrozen } from './freezer.ts';
import { runtimeOf } from './runtime-of.ts';
import { settle } from './settle.ts';
import { changeState } from './state-change.ts';
import { nextState } from './transitions.ts';

/** Freezes all processes. WrongStateError unless it is running. */
export function pauseContainer(libpod: Libpod, id: string): Promise<void> {
  return freezeOrThaw(libpod, id, 'pause');
}

/** WrongStateError unless it is paused. */
export function unpauseContainer(libpod: Libpod, id: string): Promise<void> {
  return freezeOrThaw(libpod, id, 'unpause');
}

async function freezeOrThaw(libpod: Libpod, id: string, transition: 'pause' | 'unpause'): Promise<void> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = await settle(libpod, id);
    if (record === undefined) throw new NotFoundError('container', id);
    nextState(record.state, transition, record);
    if (record.facts.cgroupPath === undefined) throw withoutFreezer(record);
    const runtime = runtimeOf(libpod, record);
    // Should we be killed between the freezer and the row, whoever comes next asks the freezer.
    updateContainer(libpod.db, id, { owner: formatIdentity(ownIdentity()) });
    crashPoint('pause-after-owner');
    try {
      if (transition === 'pause') markFrozen(libpod, id, true);
      await (transition === 'pause' ? pauseInRuntime(runtime, id) : resumeContainer(runtime, id));
      crashPoint('pause-after-runtime');
      if (transition === 'unpause') markFrozen(libpod, id, false);
    } catch (error) {
      markFrozen(libpod, id, transition === 'unpause');
      updateContainer(libpod.db, id, { owner: null });
      throw error;
    }
    changeState(libpod, id, transition, { changes: { owner: null }, events: [transition] });
  } finally {
    lock.release();
  }
}

/** Processes are frozen by their cgroup. */
function withoutFreezer(record: ContainerRecord): UnsupportedError {
  if (record.spec.resources.cgroups === 'disabled')
    return new UnsupportedError(
      `cannot pause container ${record.name}: it was made with --cgroups=disabled and has no cgroup to freeze`,
    );
  return new UnsupportedError(
    `cannot pause container ${record.name}: this user has no cgroup of its own here to freeze it in`,
    { hint: 'rootless containers can be paused on cgroup v2, with the service manager of a login' },
  );
}

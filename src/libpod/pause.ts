import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NotFoundError, UnsupportedError } from '../base/errors.ts';
import { pauseContainer as pauseInRuntime, resumeContainer } from '../oci/runtime-client.ts';
import type { ContainerRecord } from './container.ts';
import { lockContainer } from './container-lock.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { runtimeOf } from './runtime-of.ts';
import { settle } from './settle.ts';
import { changeState } from './state-change.ts';
import { nextState } from './transitions.ts';

const PAUSED = 'paused';

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
    nextState(record.state, transition, record.name);
    if (record.facts.cgroupPath === undefined) throw withoutFreezer(record);
    const runtime = runtimeOf(libpod, record);
    // Health checks rest meanwhile: the monitor looks for this file.
    const mark = join(containerPaths(libpod.paths, id).bundle.bundle, PAUSED);
    if (transition === 'pause') writeFileSync(mark, '');
    let frozen = false;
    try {
      await (transition === 'pause' ? pauseInRuntime(runtime, id) : resumeContainer(runtime, id));
      frozen = transition === 'pause';
    } finally {
      if (!frozen) rmSync(mark, { force: true });
    }
    changeState(libpod, id, transition, { events: [transition] });
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

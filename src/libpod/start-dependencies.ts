import { NotFoundError } from '../base/errors.ts';
import { type ContainerRecord, getContainer } from './container.ts';
import type { Libpod } from './context.ts';
import { observe } from './observe.ts';
import { startContainer } from './start.ts';

/** Starts what a container needs to run before it: those that it requires, and those whose namespaces it joins. No lock is held. */
export async function startDependencies(libpod: Libpod, record: ContainerRecord): Promise<void> {
  for (const id of neededBy(record)) {
    const needed = getContainer(libpod.db, id);
    if (needed === undefined)
      throw new NotFoundError('container', id, {
        message: `cannot start container ${record.name}: it needs container ${id}, which is gone: no such container`,
      });
    if (['running', 'paused'].includes(observe(libpod, needed).state)) continue;
    const started = await startContainer(libpod, id);
    started.monitor?.close();
  }
}

/** Ids, in the order of starting. */
export function neededBy({ spec }: ContainerRecord): string[] {
  const modes = [...Object.values(spec.namespaces), spec.network.mode];
  const joined = modes.flatMap((mode) => (mode.mode === 'container' ? [mode.id] : []));
  return [...new Set([...(spec.requires ?? []), ...joined])];
}

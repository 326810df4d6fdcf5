import { messageOf, NotFoundError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { isAlive, parseIdentity } from '../native/process-identity.ts';
import { type ContainerRecord, listBuildContainers } from './container.ts';
import type { Libpod } from './context.ts';
import { removeContainer } from './remove.ts';

/** Containers of builds that were killed; they may still run. */
export function abandonedBuildContainers(libpod: Libpod): ContainerRecord[] {
  return listBuildContainers(libpod.db).filter(
    ({ buildOwner }) => buildOwner !== undefined && !isAlive(parseIdentity(buildOwner)),
  );
}

/** Ends and removes them. One that cannot be removed now is left to the next who looks. */
export async function removeAbandonedBuilds(libpod: Libpod): Promise<void> {
  for (const { id } of abandonedBuildContainers(libpod)) {
    try {
      await removeContainer(libpod, id, { force: true, stopTimeout: 0 });
    } catch (error) {
      // Several may look at once.
      if (error instanceof NotFoundError) continue;
      log(
        'warn',
        `cannot remove container ${id.slice(0, 12)} of a build that was killed: ${messageOf(error)}`,
      );
    }
  }
}

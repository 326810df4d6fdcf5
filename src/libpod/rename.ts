import { AlreadyExistsError, UsageError } from '../base/errors.ts';
import { NAME_PATTERN } from '../base/ids.ts';
import { transaction } from '../state/db.ts';
import { recordEvent } from '../state/events.ts';
import { findContainer, lookupContainer, updateContainer } from './container.ts';
import type { Libpod } from './context.ts';
import { nameConflict } from './create.ts';
import { lookupPresent } from './settle.ts';

/** In any state. AlreadyExistsError names the container that has the name. */
export async function renameContainer(libpod: Libpod, nameOrId: string, newName: string): Promise<void> {
  const name = newName.replace(/^\//, '');
  if (!NAME_PATTERN.test(name)) {
    throw new UsageError(
      `invalid container name ${JSON.stringify(newName)}: names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument`,
    );
  }
  const { id } = await lookupPresent(libpod, nameOrId);
  transaction(libpod.db, () => {
    const record = lookupContainer(libpod.db, id);
    const holder = findContainer(libpod.db, name);
    if (holder !== undefined && holder.name === name) {
      if (holder.id === record.id)
        throw new UsageError(
          `cannot rename container ${name}: renaming a container with the same name as its current name`,
          { docker: 'Renaming a container with the same name as its current name' },
        );
      throw new AlreadyExistsError(
        `name ${name} is already in use by container ${holder.id}: container already exists`,
        { docker: `Error when allocating new name: ${nameConflict(name, holder.id)}` },
      );
    }
    updateContainer(libpod.db, record.id, { name, spec: { ...record.spec, name } });
    recordEvent(libpod.db, {
      kind: 'container',
      action: 'rename',
      objectId: record.id,
      name,
      attributes: { ...record.spec.labels, image: record.imageName, oldName: record.name },
    });
  });
}

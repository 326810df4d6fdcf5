import { NotFoundError } from '../base/errors.ts';
import { type ContainerRecord, latestContainer, lookupContainer } from '../libpod/container.ts';
import { containerSizes, inspectContainer as documentOf } from '../libpod/inspect.ts';
import type { InspectDocument } from '../libpod/inspected.ts';
import { settleQuietly } from '../libpod/settle.ts';
import { takeUpRestart } from './take-up-restart.ts';
import type { Engine } from './engine.ts';

export type { InspectDocument } from '../libpod/inspected.ts';

/** The document of `container inspect`. Throws NotFoundError. */
export async function inspectContainer(
  engine: Engine,
  nameOrId: string,
  options: { size: boolean },
): Promise<InspectDocument> {
  const record = await settled(engine, lookupContainer(engine.db, nameOrId), nameOrId);
  return documentOf(engine, record, options.size ? await containerSizes(engine, record) : undefined);
}

/** Name of the container that was created last. */
export function latestName(engine: Engine): string {
  return latestContainer(engine.db).name;
}

async function settled(engine: Engine, stored: ContainerRecord, name: string): Promise<ContainerRecord> {
  const record = await settleQuietly(engine, stored);
  // It had `--rm` and has just ended.
  if (record === undefined) throw new NotFoundError('container', name);
  if (record.facts.restart !== undefined) await takeUpRestart(engine, record);
  return record;
}

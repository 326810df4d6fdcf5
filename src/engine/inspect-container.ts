import { NotFoundError } from '../base/errors.ts';
import { type ContainerRecord, latestContainer, lookupContainer } from '../libpod/container.ts';
import { containerSizes, inspectContainer as documentOf } from '../libpod/inspect.ts';
import type { InspectDocument, InspectMemo } from '../libpod/inspected.ts';
import { settleQuietly } from '../libpod/settle.ts';
import { takeUpRestart } from './take-up-restart.ts';
import type { Engine } from './engine.ts';

export { inspectMemo } from '../libpod/inspect.ts';
export type { InspectDocument, InspectMemo } from '../libpod/inspected.ts';

/** The document of `container inspect`. Throws NotFoundError. */
export async function inspectContainer(
  engine: Engine,
  nameOrId: string,
  options: { size: boolean; memo?: InspectMemo | undefined },
): Promise<InspectDocument> {
  const record = await settled(engine, lookupContainer(engine.db, nameOrId), nameOrId);
  const sizes = options.size ? await containerSizes(engine, record) : undefined;
  return documentOf(engine, record, { sizes, memo: options.memo });
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

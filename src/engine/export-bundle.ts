import { resolve } from 'node:path';
import type { ContainerRecord } from '../libpod/container.ts';
import { exportBundle as exportInLibpod } from '../libpod/export-bundle.ts';
import { currentDirectory } from './current-directory.ts';
import type { Engine } from './engine.ts';

/** The container as a directory that any OCI runtime starts. */
export async function exportBundle(
  engine: Engine,
  record: ContainerRecord,
  directory: string,
): Promise<void> {
  await exportInLibpod(engine, record.id, resolve(currentDirectory(), directory));
}

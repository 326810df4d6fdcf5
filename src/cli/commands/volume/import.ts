import { createReadStream, openSync } from 'node:fs';
import { messageOf, StorageError } from '../../../base/errors.ts';
import { importVolume } from '../../../engine/volume-archive.ts';
import type { CommandHandler } from '../../command.ts';

export const run: CommandHandler = async ({ args }, openEngine) => {
  const [name = '', source = '-'] = args;
  await importVolume(openEngine(), name, source === '-' ? process.stdin : fileStream(source));
  return 0;
};

function fileStream(path: string) {
  try {
    return createReadStream(path, { fd: openSync(path, 'r') });
  } catch (error) {
    throw new StorageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

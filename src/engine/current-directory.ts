import { errnoOf, InvalidSpecError } from '../base/errors.ts';

/** Where relative paths of the command line begin. */
export function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new InvalidSpecError('the current directory has been removed: change to another one', {
      cause: error,
    });
  }
}

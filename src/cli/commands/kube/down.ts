import type { CommandHandler } from '../../command.ts';
import { readKubeFiles } from './read-files.ts';
import { takeDown } from './take-down.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const text = await readKubeFiles(args);
  const codes = await takeDown(openEngine(), text, flags['force'] === true);
  return hasFailed(codes, flags['serviceExitCodePropagation']) ? 1 : 0;
};

/** For a service, which ends with its pods; one that is stopped has not failed. */
function hasFailed(codes: readonly number[], propagation: unknown): boolean {
  if (propagation === 'any') return codes.some((code) => code !== 0);
  return propagation === 'all' && codes.length > 0 && codes.every((code) => code !== 0);
}

import { mountpointOf } from '../../../engine/volumes.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

/** A local volume is a directory: it is always there. `unmount` has nothing to do and prints the name, as podman's does. */
export const run: CommandHandler = async ({ args, path }, openEngine) => {
  const name = args[0] ?? '';
  const mountpoint = mountpointOf(openEngine(), name);
  printLine(path === 'volume mount' ? mountpoint : name);
  return 0;
};

import { exportVolume } from '../../../engine/volume-archive.ts';
import type { CommandHandler } from '../../command.ts';
import { writeArchive } from '../../output/write-archive.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  writeArchive(await exportVolume(openEngine(), args[0] ?? ''), flags['output'] as string | undefined);
  return 0;
};

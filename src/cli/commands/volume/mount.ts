import { mountVolume, unmountVolume } from '../../../engine/volumes.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, path }, openEngine) => {
  const name = args[0] ?? '';
  const engine = openEngine();
  if (path === 'volume mount') printLine(await mountVolume(engine, name));
  else {
    await unmountVolume(engine, name);
    printLine(name);
  }
  return 0;
};

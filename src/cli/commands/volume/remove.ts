import { UsageError } from '../../../base/errors.ts';
import { listVolumes, removeVolume } from '../../../engine/volumes.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const all = flags['all'] === true;
  if (all && args.length > 0) throw new UsageError('--all and volumes by name cannot be used together');
  if (!all && args.length === 0) throw new UsageError('choose at least one volume or all');
  const engine = openEngine();
  const names = all ? listVolumes(engine, []).map(({ volume }) => volume.name) : args;
  const time = flags['time'];
  const options = {
    force: flags['force'] === true && !asDocker,
    ignoreMissing: flags['force'] === true,
    timeout: typeof time === 'number' && time >= 0 ? time : undefined,
  };
  await forEachObject(names, async (name) => {
    if ((await removeVolume(engine, name, options)) || asDocker) printLine(name);
  });
  return 0;
};

import { UsageError } from '../../../base/errors.ts';
import { createVolume } from '../../../engine/volumes.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValue } from '../../flag.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const [name = flags['name'] as string | undefined] = args;
  if (args.length > 0 && flags['name'] !== undefined)
    throw new UsageError('the name of the volume is given twice: by --name and as an argument');
  const created = await createVolume(openEngine(), {
    name: name === '' ? undefined : name,
    driver: String(flags['driver']),
    labels: listOf(flags['label']),
    options: listOf(flags['opt']),
    // docker never minds one that is there already.
    ignore: flags['ignore'] === true || asDocker,
    uid: flags['uid'] as number | undefined,
    gid: flags['gid'] as number | undefined,
  });
  printLine(created);
  return 0;
};

function listOf(value: FlagValue): string[] {
  return Array.isArray(value) ? value : [];
}

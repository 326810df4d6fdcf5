import { pruneNetworks } from '../../../engine/networks.ts';
import { confirm } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import { print, printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  if (flags['force'] !== true) {
    printLine(
      asDocker
        ? 'WARNING! This will remove all custom networks not used by at least one container.'
        : 'WARNING! This will remove all networks not used by at least one container.',
    );
    if (!confirm('Are you sure you want to continue? [y/N] ')) return 0;
  }
  const filters = (flags['filter'] as string[] | undefined) ?? [];
  const { removed, failures } = await pruneNetworks(openEngine(), filters);
  if (asDocker && removed.length > 0) printLine('Deleted Networks:');
  print(removed.map((name) => `${name}\n`).join(''));
  if (asDocker && removed.length > 0) printLine('');
  if (failures.length > 0) throw new AggregateError(failures);
  return 0;
};

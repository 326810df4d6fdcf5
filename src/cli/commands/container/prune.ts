import { checkPruneFilters, pruneContainers } from '../../../engine/prune-containers.ts';
import { confirm } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import { humanSize } from '../../output/human-size.ts';
import { print, printLine } from '../../output/print.ts';

const WHICH = { podman: 'non running', docker: 'stopped' };

export const run: CommandHandler = async (input, openEngine) => {
  const { flags, asDocker } = input;
  const filters = Array.isArray(flags['filter']) ? flags['filter'] : [];
  checkPruneFilters(filters);
  if (flags['force'] !== true) {
    const which = asDocker ? WHICH.docker : WHICH.podman;
    const yes = confirm(
      `WARNING! This will remove all ${which} containers.\nAre you sure you want to continue? [y/N] `,
    );
    if (!yes) return 0;
  }
  const report = await pruneContainers(openEngine(), { filters, measure: asDocker });
  if (asDocker) {
    if (report.removed.length > 0) print(`Deleted Containers:\n${report.removed.join('\n')}\n\n`);
    printLine(`Total reclaimed space: ${humanSize(report.reclaimed ?? 0)}`);
  } else for (const id of report.removed) printLine(id);
  if (report.failures.length > 0) throw new AggregateError(report.failures);
  return 0;
};

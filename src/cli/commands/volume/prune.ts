import { pruneVolumes, unusedVolumes } from '../../../engine/volumes.ts';
import { confirm } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import { humanSize } from '../../output/human-size.ts';
import { print, printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const engine = openEngine();
  const filters = (flags['filter'] as string[] | undefined) ?? [];
  const names = unusedVolumes(engine, { filters, anonymousOnly: asDocker && flags['all'] !== true });
  if (flags['force'] !== true) {
    const which = asDocker
      ? `WARNING! This will remove ${flags['all'] === true ? 'all' : 'anonymous local'} volumes not used by at least one container.`
      : 'WARNING! This will remove all volumes not used by at least one container. The following volumes will be removed:';
    printLine(which);
    if (!asDocker) {
      if (names.length === 0) {
        printLine('No dangling volumes found');
        return 0;
      }
      print(names.map((name) => `${name}\n`).join(''));
    }
    if (!confirm('Are you sure you want to continue? [y/N] ')) return 0;
  }
  const report = await pruneVolumes(engine, names);
  if (asDocker) {
    if (report.removed.length > 0) print(`Deleted Volumes:\n${report.removed.join('\n')}\n\n`);
    printLine(`Total reclaimed space: ${humanSize(report.reclaimed)}`);
  } else print(report.removed.map((name) => `${name}\n`).join(''));
  if (report.failures.length > 0) throw new AggregateError(report.failures);
  return 0;
};

import { parseSize } from '../../../base/sizes.ts';
import { pruneBuildCache, unusedSince } from '../../../engine/build-cache.ts';
import { confirm } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import { humanSize } from '../../output/human-size.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ flags }, openEngine) => {
  const all = flags['all'] === true;
  const until = unusedSince((flags['filter'] as string[] | undefined) ?? []);
  const keepStorage = flags['keepStorage'] as string | undefined;
  const keep = keepStorage === undefined ? undefined : parseSize(keepStorage, '--keep-storage');
  if (flags['force'] !== true) {
    const which = all ? 'all build cache' : 'all dangling build cache';
    if (!confirm(`WARNING! This will remove ${which}.\nAre you sure you want to continue? [y/N] `)) return 0;
  }
  const { removed, reclaimed } = await pruneBuildCache(openEngine(), { all, until, keep });
  for (const key of removed) printLine(key);
  printLine(`Total reclaimed space: ${humanSize(reclaimed)}`);
  return 0;
};

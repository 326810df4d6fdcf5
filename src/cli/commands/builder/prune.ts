import { parseSize } from '../../../base/sizes.ts';
import { bytesToKeep, pruneBuildCache, unusedSince } from '../../../engine/build-cache.ts';
import { confirm } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import { humanSize } from '../../output/human-size.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ flags }, openEngine) => {
  const all = flags['all'] === true;
  const until = unusedSince((flags['filter'] as string[] | undefined) ?? []);
  const bytes = (key: string, flag: string): number | undefined => {
    const text = flags[key] as string | undefined;
    return text === undefined ? undefined : parseSize(text, flag);
  };
  const bounds = {
    reserved: bytes('keepStorage', '--keep-storage'),
    maxUsed: bytes('maxUsedSpace', '--max-used-space'),
    minFree: bytes('minFreeSpace', '--min-free-space'),
  };
  if (flags['force'] !== true) {
    const which = all ? 'all build cache' : 'all dangling build cache';
    if (!confirm(`WARNING! This will remove ${which}.\nAre you sure you want to continue? [y/N] `)) return 0;
  }
  const engine = openEngine();
  const keep = bytesToKeep(engine, bounds);
  const { removed, reclaimed } = await pruneBuildCache(engine, { all, until, keep });
  for (const key of removed) printLine(key);
  printLine(`Total reclaimed space: ${humanSize(reclaimed)}`);
  return 0;
};

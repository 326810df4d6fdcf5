import { writeFileSync } from 'node:fs';
import { UsageError } from '../../../base/errors.ts';
import {
  getManifestList,
  type ManifestList,
  pushManifestList,
  removeManifestList,
} from '../../../engine/manifest-lists.ts';
import type { BlobCompression } from '../../../engine/push-image.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { printLine } from '../../output/print.ts';
import { openPullProgress } from '../../output/pull-progress.ts';
import { pushOptions } from '../image/push.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const [name = '', typed] = args;
  const engine = openEngine();
  const list = getManifestList(engine, name);
  const { format, ...options } = pushOptions(flags, engine);
  const progress = openPullProgress(flags['quiet'] === true || asDocker);
  const wish = {
    ...options,
    listFormat: format,
    destination: typed ?? destinationOf(list),
    all: flags['all'] !== false,
    addCompression: compressionsIn(flags),
  };
  try {
    const report = await pushManifestList(
      engine,
      name,
      { ...wish, ...(format === undefined ? {} : { format }) },
      progress.listener,
    );
    const digestFile = flags['digestfile'] as string | undefined;
    if (digestFile !== undefined) writeFileSync(digestFile, report.digest ?? '');
    if (asDocker) printLine(report.digest ?? '');
  } finally {
    progress.done();
  }
  if (flags['rm'] === true || flags['purge'] === true) removeManifestList(engine, name);
  return 0;
};

function compressionsIn(flags: FlagValues): BlobCompression[] {
  return ((flags['addCompression'] as string[] | undefined) ?? []).map((word) => {
    if (word === 'gzip' || word === 'zstd') return word;
    throw new UsageError(`--add-compression ${word} is not supported: choose gzip or zstd`);
  });
}

function destinationOf(list: ManifestList): string {
  const [name] = list.names;
  if (name !== undefined) return name;
  throw new UsageError(`manifest list ${list.id.slice(0, 12)} has no name: give a destination`);
}

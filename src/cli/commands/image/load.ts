import { isatty } from 'node:tty';
import { UsageError } from '../../../base/errors.ts';
import { loadImages } from '../../../engine/image-archives.ts';
import { familiarName } from '../../../engine/images.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { openPullProgress } from '../../output/pull-progress.ts';

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const input = flags['input'] as string | undefined;
  if (input === undefined && isatty(0)) {
    throw new UsageError('cannot read from terminal, use command-line redirection or the --input flag');
  }
  const progress = openPullProgress(flags['quiet'] === true);
  try {
    const loaded = await loadImages(openEngine(), input ?? process.stdin, progress.listener, {
      platform: flags['platform'] as string | undefined,
      signaturePolicy: flags['signaturePolicy'] as string | undefined,
    });
    progress.done();
    for (const { image, names } of loaded) {
      for (const name of names) printLine(`Loaded image: ${asDocker ? familiarName(name) : name}`);
      if (names.length === 0)
        printLine(`${asDocker ? 'Loaded image ID' : 'Loaded image'}: sha256:${image.id}`);
    }
  } finally {
    progress.done();
  }
  return 0;
};

import { createReadStream, existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { NotFoundError } from '../../../base/errors.ts';
import { download } from '../../../engine/download.ts';
import { importImage } from '../../../engine/image-archives.ts';
import { applyChanges, wantedPlatform } from '../../../engine/images.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { openPullProgress } from '../../output/pull-progress.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [source = '', name] = args;
  const text = (key: string): string | undefined => flags[key] as string | undefined;
  const engine = openEngine();
  const run = applyChanges({}, (flags['change'] as string[] | undefined) ?? []);
  const platform = wantedPlatform({
    platform: text('platform'),
    os: text('os'),
    arch: text('arch'),
    variant: text('variant'),
  });
  const progress = openPullProgress(flags['quiet'] === true);
  try {
    const names = name === undefined ? [] : [name];
    const input = await openSource(source);
    const image = await importImage(
      engine,
      input,
      { names, run, platform, message: text('message') },
      progress.listener,
    );
    printLine(`sha256:${image.id}`);
  } finally {
    progress.done();
  }
  return 0;
};

async function openSource(source: string): Promise<string | Readable> {
  if (source === '-') return process.stdin;
  if (/^https?:\/\//.test(source)) return download(source);
  if (!existsSync(source)) {
    throw new NotFoundError('image', source, { message: `archive ${source} does not exist` });
  }
  return createReadStream(source);
}

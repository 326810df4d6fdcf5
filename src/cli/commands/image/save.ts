import { isatty } from 'node:tty';
import { UsageError } from '../../../base/errors.ts';
import { type SaveFormat, saveImages } from '../../../engine/image-archives.ts';
import type { CommandHandler } from '../../command.ts';
import { stdoutStream } from '../../output/print.ts';
import { openPullProgress } from '../../output/pull-progress.ts';

const STDOUT = '/dev/stdout';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  if (args.length === 0) throw new UsageError('need at least 1 argument');
  const format = flags['format'] as SaveFormat;
  if (flags['compress'] === true && format !== 'docker-dir') {
    throw new UsageError('--compress can only be set when --format is docker-dir');
  }
  const path = flags['output'] as string | undefined;
  const toStdout = path === undefined || path === STDOUT;
  if (toStdout && isatty(1)) {
    throw new UsageError('refusing to save to terminal. Use -o flag or redirect');
  }
  if (toStdout && format.endsWith('-dir')) throw new UsageError(`--format ${format} needs --output`);
  // Archives of OCI images are compressed unless it is forbidden, directories of docker's only when it is wanted.
  const compress = format.startsWith('oci') ? flags['uncompressed'] !== true : flags['compress'] === true;
  const options = {
    format,
    compress,
    // docker has no further names: all its words are images.
    severalImages: asDocker || flags['multiImageArchive'] === true,
    platform: flags['platform'] as string | undefined,
    output: toStdout ? stdoutStream() : path,
  };
  const progress = openPullProgress(flags['quiet'] === true || asDocker);
  try {
    await saveImages(openEngine(), args, options, progress.listener);
  } finally {
    progress.done();
  }
  return 0;
};

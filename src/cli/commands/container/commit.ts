import { readFileSync, writeFileSync } from 'node:fs';
import { UsageError } from '../../../base/errors.ts';
import { commitContainer } from '../../../engine/commit-container.ts';
import type { CommandHandler } from '../../command.ts';
import { printError, printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const [container = '', name] = args;
  const text = (key: string): string | undefined => flags[key] as string | undefined;
  const format = text('format') ?? (asDocker ? 'docker' : 'oci');
  const isQuiet = flags['quiet'] === true || asDocker;
  const configFile = text('config');
  if (!isQuiet) printError('Getting image source signatures');
  const image = await commitContainer(openEngine(), container, {
    name,
    author: text('author'),
    message: text('message'),
    changes: (flags['change'] as string[] | undefined) ?? [],
    config: configFile === undefined ? undefined : readConfig(configFile),
    format: format === 'docker' ? 'v2s2' : 'oci',
    pause: (flags['pause'] as boolean | undefined) ?? (asDocker ? 'if-possible' : false),
    squash: flags['squash'] === true,
    includeVolumes: flags['includeVolumes'] === true,
  });
  if (!isQuiet) {
    for (const diffId of image.config.diffIds) printError(`Copying blob ${diffId}`);
    printError(`Copying config sha256:${image.id}`);
    printError('Writing manifest to image destination');
  }
  const idFile = text('iidfile');
  if (idFile !== undefined) writeFileSync(idFile, image.id);
  printLine(asDocker ? `sha256:${image.id}` : image.id);
  return 0;
};

function readConfig(file: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new UsageError(`${file} is not a JSON object`);
  return json as Record<string, unknown>;
}

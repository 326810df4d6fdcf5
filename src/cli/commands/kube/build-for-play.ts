import { buildImage } from '../../../engine/build.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandInput } from '../../command.ts';
import { openBuildDisplay } from '../../output/build-progress.ts';
import { indexFlags, parseFlags } from '../../parse-flags.ts';
import { buildRequest } from '../image/build-request.ts';
import { buildRecords } from '../records/build.ts';

/** What `build -t IMAGE DIRECTORY` does. */
export async function buildForPlay(
  engine: Engine,
  image: string,
  directory: string,
  input: CommandInput,
): Promise<void> {
  const record = buildRecords.find(({ paths }) => paths.includes('build'));
  if (record === undefined) throw new Error('there is no command build');
  const { values, args } = parseFlags(['-t', image, directory], indexFlags(record.flags), false);
  const quiet = input.flags['quiet'] === true;
  const display = openBuildDisplay({ style: 'plain', quiet, asDocker: true });
  try {
    await buildImage(engine, buildRequest({ ...input, flags: values, args }), display.listener);
  } finally {
    display.done();
  }
}

import { writeFileSync } from 'node:fs';
import { errnoOf, UsageError } from '../../../base/errors.ts';
import { buildImage, type BuildOptions, type BuildReport } from '../../../engine/build.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { openBuildDisplay, type ProgressStyle } from '../../output/build-progress.ts';
import { printLine } from '../../output/print.ts';
import { buildRequest } from './build-request.ts';
import { deliverBuild, wantsPush } from './deliver-build.ts';

/** What a process that is killed by SIGPIPE leaves behind. */
const EXIT_BROKEN_PIPE = 141;

export const run: CommandHandler = async (input, openEngine) => {
  const { flags } = input;
  const options = buildRequest(input);
  if (wantsPush(options, flags) && options.tags.length === 0)
    throw new UsageError('--push needs a name: give one with --tag');
  if (options.platforms.length > 1 && options.manifest === undefined)
    throw new UsageError('several platforms need a list to hold the images: give its name with --manifest');
  const engine = openEngine();
  const platforms = options.platforms.length > 0 ? options.platforms : [undefined];
  for (const platform of platforms) {
    const wish = { ...options, platforms: platform === undefined ? [] : [platform] };
    const report = await build(engine, wish, input);
    if (report === undefined) return EXIT_BROKEN_PIPE;
    tellId(report, input, goesToStdout(options));
    await deliverBuild(engine, report, options, flags);
  }
  return 0;
};

/** Undefined when nobody reads the archive that was to go to stdout. */
async function build(
  engine: Engine,
  options: BuildOptions,
  { flags, asDocker }: CommandInput,
): Promise<BuildReport | undefined> {
  const display = openBuildDisplay({
    style: flags['progress'] as ProgressStyle,
    quiet: flags['quiet'] === true,
    // Standard output belongs to the archive then.
    asDocker: asDocker || goesToStdout(options),
  });
  const stop = new AbortController();
  const unlisten = stopOnSignals(stop);
  // Archives are made of the image, once it is there.
  const outputs = options.outputs.filter(({ type }) => type === 'local' || type === 'tar');
  try {
    return await buildImage(engine, { ...options, outputs, signal: stop.signal }, display.listener);
  } catch (error) {
    if (goesToStdout(options) && errnoOf(error) === 'EPIPE') return undefined;
    throw error;
  } finally {
    display.done();
    unlisten();
  }
}

function goesToStdout({ outputs }: BuildOptions): boolean {
  return outputs.some(
    (output) =>
      output.type !== 'image' &&
      (output.dest === '-' || (output.type !== 'local' && output.dest === undefined)),
  );
}

/** Docker's ids name their digest; without -q docker prints none. */
function tellId({ imageId }: BuildReport, { flags, asDocker }: CommandInput, toStdout: boolean): void {
  if (imageId === undefined) return;
  const iidfile = flags['iidfile'] as string | undefined;
  if (iidfile !== undefined && iidfile !== '') writeFileSync(iidfile, `sha256:${imageId}`);
  if (toStdout) return;
  if (!asDocker) printLine(imageId);
  else if (flags['quiet'] === true) printLine(`sha256:${imageId}`);
}

/** The first one ends the build in good order, the second one at once. */
function stopOnSignals(stop: AbortController): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (signal: NodeJS.Signals): void => {
    unlisten();
    stop.abort(new UsageError(`the build was stopped by ${signal}`));
  };
  const unlisten = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return unlisten;
}

import type { PullRequest } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandInput } from '../../command.ts';
import { printError } from '../../output/print.ts';
import { becomeWholeProgram, isQuickProgram } from '../../hand-over.ts';
import { openPullProgress } from '../../output/pull-progress.ts';

/** Pulls what run and create miss; progress goes to stderr, as stdout belongs to the container. */
export async function pullForContainer(
  engine: Engine,
  name: string,
  request: PullRequest,
  input: CommandInput,
) {
  // Nothing has been made yet: pulling comes first.
  if (isQuickProgram()) becomeWholeProgram();
  const { pullImage } = await import('../../../engine/images.ts');
  const progress = openPullProgress(input.flags['quiet'] === true);
  try {
    const { image, name: pulledName, warnings } = await pullImage(engine, name, request, progress.listener);
    for (const warning of warnings) printError(`WARNING: ${warning}`);
    return { image, name: pulledName };
  } finally {
    progress.done();
  }
}

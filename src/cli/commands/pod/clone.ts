import { UsageError } from '../../../base/errors.ts';
import { clonePod } from '../../../engine/clone-pod.ts';
import { getPodByName, startPod } from '../../../engine/pods.ts';
import type { PodOptions } from '../../../specgen/pod-options.ts';
import type { CommandHandler } from '../../command.ts';
import { printError, printLine } from '../../output/print.ts';
import { createHooks } from '../container/create-request.ts';
import { recordedCommand } from '../container/recorded-command.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const [nameOrId = '', argument] = input.args;
  const { destroy, start, ...given } = input.flags;
  if (argument !== undefined && given['name'] !== undefined)
    throw new UsageError('cannot specify --name and NAME at the same time');
  const engine = openEngine();
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (argument !== undefined) options['name'] = argument;
  const pod = await clonePod(
    engine,
    await getPodByName(engine, nameOrId),
    {
      // The keys of the flags are those of the options.
      options: options as PodOptions,
      createCommand: recordedCommand(process.argv.slice(2), input.args),
      destroy: destroy === true,
    },
    createHooks(engine, input),
  );
  printLine(pod.id);
  const failures = start === true ? await startPod(engine, pod.id) : [];
  for (const failure of failures) printError(`Error: ${failure instanceof Error ? failure.message : ''}`);
  return failures.length === 0 ? 0 : 125;
};

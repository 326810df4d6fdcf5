import type { PodOptions } from '../../../specgen/pod-options.ts';
import { UsageError } from '../../../base/errors.ts';
import { createPod } from '../../../engine/pods.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { createHooks, withoutEmpty } from '../container/create-request.ts';
import { recordedCommand } from '../container/recorded-command.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const { args } = input;
  const flags = withoutEmpty(input.flags);
  const [argument] = args;
  if (argument !== undefined && flags['name'] !== undefined)
    throw new UsageError('cannot specify --name and NAME at the same time');
  const engine = openEngine();
  // Flags are keyed as PodOptions is; flagsFor checks that both sides agree.
  const given = flags as PodOptions;
  const options = argument === undefined ? given : { ...given, name: argument };
  const createCommand = recordedCommand(process.argv.slice(2), args);
  const pod = await createPod(engine, { options, createCommand }, createHooks(engine, input));
  printLine(pod.id);
  return 0;
};

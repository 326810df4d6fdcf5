import { createContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { createHooks, createRequest } from './create-request.ts';
import { recordedCommand } from './recorded-command.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const record = await createContainer(engine, createRequest(input), createHooks(engine, input), {
    createCommand: recordedCommand(process.argv.slice(2), input.args),
    keepOwner: false,
  });
  printLine(record.id);
  return 0;
};

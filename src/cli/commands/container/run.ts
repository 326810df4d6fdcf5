import { createContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { checkTerminal } from './check-terminal.ts';
import { createHooks, createRequest } from './create-request.ts';
import { preserved } from './preserved.ts';
import { recordedCommand } from './recorded-command.ts';
import { checkRunFlags, startAndAttach, startDetached } from './start-and-attach.ts';

/** Create, attach, start, wait: the exit code is the container's. */
export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const request = createRequest(input);
  checkRunFlags(request.options, input.flags);
  const preserveFds = await preserved(input.flags);
  checkTerminal(engine, input);
  const removesImage = input.flags['rmi'] === true;
  if (removesImage) {
    request.options.rm = true;
    request.extras = { removeImage: true };
  }
  const record = await createContainer(engine, request, createHooks(engine, input), {
    createCommand: recordedCommand(process.argv.slice(2), input.args),
    keepOwner: true,
  });
  if (input.flags['detach'] === true) {
    await startDetached(engine, record, preserveFds);
    printLine(record.id);
    return 0;
  }
  const code = await startAndAttach(engine, record, { ...request.options, ...input.flags }, preserveFds);
  if (removesImage) await (await import('./remove-image-of.ts')).removeImageOf(engine, record);
  return code;
};

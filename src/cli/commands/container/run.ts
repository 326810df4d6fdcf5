import { type ContainerRecord, createContainer } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandHandler } from '../../command.ts';
import { printError, printLine } from '../../output/print.ts';
import { checkTerminal } from './check-terminal.ts';
import { createHooks, createRequest } from './create-request.ts';
import { recordedCommand } from './recorded-command.ts';
import { checkRunFlags, startAndAttach, startDetached } from './start-and-attach.ts';

/** Create, attach, start, wait: the exit code is the container's. */
export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const request = createRequest(input);
  checkRunFlags(request.options, input.flags);
  checkTerminal(engine, input);
  if (input.flags['rmi'] === true) request.options.rm = true;
  const record = await createContainer(engine, request, createHooks(engine, input), {
    createCommand: recordedCommand(process.argv.slice(2), input.args),
    keepOwner: true,
  });
  if (input.flags['detach'] === true) {
    await startDetached(engine, record);
    printLine(record.id);
    return 0;
  }
  const code = await startAndAttach(engine, record, { ...request.options, ...input.flags });
  if (input.flags['rmi'] === true) await removeImageOf(engine, record);
  return code;
};

/** `--rmi`: gone with its last container. */
async function removeImageOf(engine: Engine, record: ContainerRecord): Promise<void> {
  const { removeImages } = await import('../../../engine/images.ts');
  const { errors } = await removeImages(engine, [record.imageName || (record.imageId ?? '')], {
    force: false,
    ignore: true,
  });
  for (const error of errors) printError(`Error: ${error.message}`);
}

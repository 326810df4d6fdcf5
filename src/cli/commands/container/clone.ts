import { UsageError } from '../../../base/errors.ts';
import { cloneContainer } from '../../../engine/clone-container.ts';
import { imageFor, lookupContainer } from '../../../engine/containers.ts';
import type { UpdateRequest } from '../../../engine/update-container.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { createHooks, withoutEmpty } from './create-request.ts';
import { startDetached } from './start-and-attach.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const [container = '', nameArgument, image] = input.args;
  const { destroy, force, name: nameFlag, pod, run: start, ...limits } = withoutEmpty(input.flags);
  if (nameFlag !== undefined && nameArgument !== undefined && nameFlag !== nameArgument)
    throw new UsageError('name the clone once: by --name or after the container');
  if (force === true && destroy !== true) throw new UsageError('--force is for --destroy');
  const name = nameArgument ?? (typeof nameFlag === 'string' ? nameFlag : undefined);
  const hooks = createHooks(engine, input);
  const request = {
    name,
    image:
      image === undefined ? undefined : await imageFor(engine, { options: {}, image, command: [] }, hooks),
    // The keys of the flags are those of the options.
    limits: limits as UpdateRequest,
    pod: typeof pod === 'string' ? pod : undefined,
    destroy: destroy === true,
    force: force === true,
  };
  const clone = await cloneContainer(engine, lookupContainer(engine.db, container), request, hooks);
  if (start === true) await startDetached(engine, clone);
  printLine(clone.id);
  return 0;
};

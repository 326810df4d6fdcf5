import type { CreateHooks } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CreateOptions, CreateRequest } from '../../../specgen/create-options.ts';
import type { CommandInput } from '../../command.ts';
import { printError } from '../../output/print.ts';

/** Flags are keyed as CreateOptions is; flagsFor checks that both sides agree. */
export function createRequest(input: CommandInput): CreateRequest {
  const [image = '', ...command] = input.args;
  return { options: input.flags as CreateOptions, image, command };
}

export function createHooks(engine: Engine, input: CommandInput): CreateHooks {
  return {
    pull: async (name, request) => {
      const { pullForContainer } = await import('./pull-for-container.ts');
      return await pullForContainer(engine, name, request, input);
    },
    warn: (message) => printError(`WARNING: ${message}`),
  };
}

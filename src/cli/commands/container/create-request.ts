import type { CreateHooks } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CreateOptions, CreateRequest } from '../../../specgen/create-options.ts';
import type { CommandInput } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { printError } from '../../output/print.ts';

/** Flags are keyed as CreateOptions is; flagsFor checks that both sides agree. */
export function createRequest(input: CommandInput): CreateRequest {
  const [image = '', ...command] = input.args;
  return { options: withoutEmpty(input.flags) as CreateOptions, image, command };
}

/** `--ip "$IP"` of a script whose variable is empty says nothing; for a few options that are listed here it does. */
export function withoutEmpty(flags: FlagValues): FlagValues {
  return Object.fromEntries(
    Object.entries(flags).filter(([key, value]) => value !== '' || MEANT_EMPTY.has(key)),
  );
}

const MEANT_EMPTY: ReadonlySet<string> = new Set(['detachKeys', 'entrypoint', 'share']);

export function createHooks(engine: Engine, input: CommandInput): CreateHooks {
  return {
    pull: async (name, request) => {
      const { pullForContainer } = await import('./pull-for-container.ts');
      return await pullForContainer(engine, name, request, input);
    },
    warn: (message) => printError(`WARNING: ${message}`),
  };
}

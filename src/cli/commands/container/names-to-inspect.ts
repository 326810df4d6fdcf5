import { UsageError } from '../../../base/errors.ts';
import type { Engine } from '../../../engine/engine.ts';
import { latestName } from '../../../engine/inspect-container.ts';
import type { CommandInput } from '../../command.ts';

/** Names from the command line, or the latest container with `--latest`. */
export function namesToInspect(engine: Engine, { args, flags }: CommandInput): string[] {
  if (flags['latest'] === true) {
    if (args.length > 0) throw new UsageError('--latest and arguments cannot be used together');
    return [latestName(engine)];
  }
  if (args.length === 0) throw new UsageError('no names or ids specified');
  return args;
}

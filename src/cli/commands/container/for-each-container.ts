import type { ContainerRecord } from '../../../engine/containers.ts';
import type { CommandInput } from '../../command.ts';
import type { Engine } from '../../../engine/engine.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';
import { type SelectOptions, selectContainers } from './select-containers.ts';

/** How many containers are ended at a time: most of it is waiting for the kernel. */
export const ENDED_AT_ONCE = 4;

/**
 * Does `work` on every selected container and prints what the user called it by (its id with --all), as podman does. Failures are
 * collected; the others go on. With `atOnce` that many are at work, each of which may wait for its `turn`.
 */
export async function forEachContainer(
  engine: Engine,
  input: CommandInput,
  work: (record: ContainerRecord, turn: Promise<void>) => Promise<void>,
  options: SelectOptions & { quiet?: boolean; atOnce?: number } = {},
): Promise<number> {
  const selection = await selectContainers(engine, input, options);
  const byId = input.args.length === 0;
  await forEachObject(
    selection,
    async (each, turn) => {
      if ('error' in each) throw each.error;
      await work(each.record, turn);
      await turn;
      if (!options.quiet) printLine(byId ? each.record.id : each.name);
    },
    options.atOnce,
  );
  return 0;
}

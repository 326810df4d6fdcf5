import type { ContainerRecord } from '../../../engine/containers.ts';
import type { CommandInput } from '../../command.ts';
import type { Engine } from '../../../engine/engine.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';
import { type SelectOptions, selectContainers } from './select-containers.ts';

/**
 * Does `work` on every selected container and prints what the user called it by (its id with --all), as podman does. Failures are
 * collected; the others go on.
 */
export async function forEachContainer(
  engine: Engine,
  input: CommandInput,
  work: (record: ContainerRecord) => Promise<void>,
  options: SelectOptions & { quiet?: boolean } = {},
): Promise<number> {
  const selection = await selectContainers(engine, input, options);
  const byId = input.args.length === 0;
  await forEachObject(selection, async (each) => {
    if ('error' in each) throw each.error;
    await work(each.record);
    if (!options.quiet) printLine(byId ? each.record.id : each.name);
  });
  return 0;
}

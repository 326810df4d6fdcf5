import { UsageError } from '../../../base/errors.ts';
import { removeLink } from '../../../engine/container-links.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandInput } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';

/** `rm --link`. */
export async function removeLinks(engine: Engine, { args, flags }: CommandInput): Promise<number> {
  const other = ['all', 'cidfile', 'depend', 'filter', 'force', 'latest', 'volumes'].find(
    (name) => flags[name] !== undefined && flags[name] !== false,
  );
  if (other !== undefined) throw new UsageError(`--link and --${other} cannot be used together`);
  if (args.length === 0) throw new UsageError('--link needs the names of links: CONTAINER/ALIAS');
  await forEachObject(args, async (name) => {
    await removeLink(engine, name);
    printLine(name);
  });
  return 0;
}

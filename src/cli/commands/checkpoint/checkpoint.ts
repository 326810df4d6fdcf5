import { resolve } from 'node:path';
import { lookupPresent } from '../../../engine/containers.ts';
import {
  createNamedCheckpoint,
  listNamedCheckpoints,
  removeNamedCheckpoint,
} from '../../../engine/named-checkpoints.ts';
import type { CommandHandler } from '../../command.ts';
import { print, printLine } from '../../output/print.ts';

/** docker's create, ls and rm. */
export const run: CommandHandler = async ({ path, args, flags }, openEngine) => {
  const [container = '', name = ''] = args;
  const engine = openEngine();
  const record = await lookupPresent(engine, container);
  const place = flags['checkpointDir'] as string | undefined;
  const directory = place === undefined ? undefined : resolve(place);
  if (path === 'checkpoint create') {
    await createNamedCheckpoint(engine, record, { name, directory, exit: flags['leaveRunning'] !== true });
    printLine(name);
  } else if (path === 'checkpoint rm' || path === 'checkpoint remove')
    await removeNamedCheckpoint(engine, record, { name, directory });
  else {
    const names = listNamedCheckpoints(engine, record, directory);
    print(['CHECKPOINT NAME', ...names].map((line) => `${line}\n`).join(''));
  }
  return 0;
};

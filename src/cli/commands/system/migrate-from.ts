import { UsageError } from '../../../base/errors.ts';
import { MIGRATION_SOURCES, migrateFrom, type MigrationEvent } from '../../../engine/migrate-from.ts';
import type { CommandHandler } from '../../command.ts';
import { printError, printLine } from '../../output/print.ts';
import { openPullProgress } from '../../output/pull-progress.ts';

const EXIT_NOT_ALL_DONE = 125;

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const source = MIGRATION_SOURCES.find((one) => one === args[0]);
  if (source === undefined)
    throw new UsageError(
      `cannot migrate from ${JSON.stringify(args[0])}: choose ${MIGRATION_SOURCES.join(' or ')}`,
    );
  let isComplete = true;
  const progress = openPullProgress(flags['quiet'] === true);
  const tell = (event: MigrationEvent): void => {
    if (event.kind === 'failed') {
      isComplete = false;
      printError(`Error: ${event.text}`);
    } else if (event.kind === 'note') printError(event.text);
    else printLine(`${event.kind} ${event.name}`);
  };
  try {
    const { requestFromBody } = await import('../../../api/compat/create-body.ts');
    const options = {
      root: flags['source'] as string | undefined,
      volumes: flags['volumes'] !== false,
      containers: flags['containers'] !== false,
      requestOf: requestFromBody,
    };
    await migrateFrom(openEngine(), source, options, { tell, progress: progress.listener });
  } finally {
    progress.done();
  }
  return isComplete ? 0 : EXIT_NOT_ALL_DONE;
};

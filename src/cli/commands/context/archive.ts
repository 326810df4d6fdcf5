import { exportContext, importContext } from '../../../engine/docker-context-archive.ts';
import { getContext } from '../../../engine/docker-contexts.ts';
import type { CommandHandler } from '../../command.ts';
import { printError, printLine } from '../../output/print.ts';

/** export and import; `-` is stdout or stdin. */
export const run: CommandHandler = async ({ path, args }) => {
  const [name = '', file = `${name}.dockercontext`] = args;
  if (path === 'context import') {
    await importContext(name, file === '-' ? process.stdin : file);
    printLine(name);
    printError(`Successfully imported context ${JSON.stringify(name)}`);
    return 0;
  }
  const context = getContext(name);
  await exportContext(context, file === '-' ? process.stdout : file);
  if (file !== '-') printError(`Written file ${JSON.stringify(file)}`);
  return 0;
};

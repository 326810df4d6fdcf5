import { latestContainer, lookupContainer } from '../../../engine/containers.ts';
import { exportContainer } from '../../../engine/container-diff.ts';
import type { CommandHandler } from '../../command.ts';
import { writeArchive } from '../../output/write-archive.ts';
import { UsageError } from '../../../base/errors.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const engine = openEngine();
  const [name] = args;
  const latest = flags['latest'] === true;
  if (latest === (name !== undefined)) throw new UsageError('name one container, or use --latest');
  const record = name === undefined ? latestContainer(engine.db) : lookupContainer(engine.db, name);
  const output = flags['output'] as string | undefined;
  const bundle = flags['bundle'];
  if (typeof bundle === 'string') {
    if (output !== undefined) throw new UsageError('--bundle and --output cannot be set together');
    const { exportBundle } = await import('../../../engine/export-bundle.ts');
    await exportBundle(engine, record, bundle);
    return 0;
  }
  if (output === undefined && process.stdout.isTTY) writeArchive([], undefined);
  writeArchive(await exportContainer(engine, record), output);
  return 0;
};

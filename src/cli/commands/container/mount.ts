import { UsageError } from '../../../base/errors.ts';
import { shortId } from '../../../base/ids.ts';
import type { ContainerRecord } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import { checkMountsAreSeen, listUserMounts, mountForUser } from '../../../engine/user-mounts.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { print, printLine } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';
import { selectContainers } from './select-containers.ts';

/** Prints where; without a container it lists what is mounted. */
export const run: CommandHandler = async (input, openEngine) => {
  const { args, flags } = input;
  const { format } = flags;
  if (typeof format === 'string' && format !== '' && format !== 'json')
    throw new UsageError(`invalid argument ${JSON.stringify(format)} for --format: must be json`);
  checkMountsAreSeen('mount');
  const engine = openEngine();
  if (args.length === 0 && flags['all'] !== true && flags['latest'] !== true) {
    await list(engine, format === 'json', flags['noTrunc'] === true);
    return 0;
  }
  const selection = await selectContainers(engine, input);
  await forEachObject(selection, async (each) => {
    if ('error' in each) throw each.error;
    printLine(await mountForUser(engine, each.record.id));
  });
  return 0;
};

async function list(engine: Engine, asJson: boolean, noTrunc: boolean): Promise<void> {
  const rows: { record: ContainerRecord; path: string }[] = [];
  // Mounting what is mounted only tells where.
  for (const record of listUserMounts(engine))
    rows.push({ record, path: await mountForUser(engine, record.id) });
  if (asJson) {
    const documents = rows.map(({ record, path }) => ({
      id: record.id,
      Names: [record.name],
      ImageName: record.imageName,
      mountpoint: path,
    }));
    printLine(toJson(documents, '  '));
    return;
  }
  print(rows.map(({ record, path }) => `${noTrunc ? record.id : shortId(record.id)}  ${path}\n`).join(''));
}

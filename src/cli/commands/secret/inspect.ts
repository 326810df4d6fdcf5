import { UsageError } from '../../../base/errors.ts';
import { getSecret, secretData } from '../../../engine/secrets.ts';
import type { CommandHandler } from '../../command.ts';
import { formatObject } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { goMap, goStruct, toJson } from '../../output/template/go-value.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const engine = openEngine();
  const { db } = engine;
  if (flags['pretty'] === true) {
    if (flags['format'] !== undefined || flags['showsecret'] === true)
      throw new UsageError('--pretty cannot be used together with --format or --showsecret');
    print(args.map((name) => pretty(getSecret(db, name))).join(''));
    return 0;
  }
  const documents = args.map((name) => {
    const { id, name: full, createdAt, updatedAt, labels } = getSecret(db, name);
    const driver = goStruct('secrets.Driver', { Name: 'file', Options: goMap({}) });
    const spec = goStruct('secrets.Spec', { Name: full, Driver: driver, Labels: goMap(labels) });
    const shown = flags['showsecret'] === true ? { SecretData: secretData(engine, id).toString('utf8') } : {};
    return goStruct('secrets.Info', {
      ID: id,
      CreatedAt: createdAt,
      UpdatedAt: updatedAt,
      Spec: spec,
      ...shown,
    });
  });
  const format = flags['format'] as string | undefined;
  if (format === undefined || format === 'json') print(`${toJson(documents, '    ')}\n`);
  else for (const document of documents) print(formatObject(document, format, 'inspect'));
  return 0;
};

function pretty({ id, name, createdAt, updatedAt, labels }: ReturnType<typeof getSecret>): string {
  const times = [`Created at:        ${createdAt}`, `Updated at:        ${updatedAt}`];
  const lines = Object.entries(labels).map(([key, value]) => ` - ${key}=${value}`);
  return `${[`ID:                ${id}`, `Name:              ${name}`, 'Labels:', ...lines, 'Driver:            file', ...times].join('\n')}\n`;
}

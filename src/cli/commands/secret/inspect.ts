import { type NotFoundError, UsageError } from '../../../base/errors.ts';
import { findSecret, getSecret, missingSecret, secretData } from '../../../engine/secrets.ts';
import type { CommandHandler } from '../../command.ts';
import { formatObject } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { type GoObject, goMap, goStruct, toJson } from '../../output/template/go-value.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const engine = openEngine();
  const { db } = engine;
  if (flags['pretty'] === true) {
    if (flags['format'] !== undefined || flags['showsecret'] === true)
      throw new UsageError('--pretty cannot be used together with --format or --showsecret');
    print(args.map((name) => pretty(getSecret(db, name))).join(''));
    return 0;
  }
  const documents: GoObject[] = [];
  const missing: NotFoundError[] = [];
  for (const word of args) {
    const found = findSecret(db, word);
    if (found === undefined) {
      missing.push(missingSecret(word));
      continue;
    }
    const { id, name, createdAt, updatedAt, labels, ...place } = found;
    const driver = goStruct('secrets.Driver', { Name: place.driver, Options: goMap(place.driverOptions) });
    const spec = goStruct('secrets.Spec', { Name: name, Driver: driver, Labels: goMap(labels) });
    const shown =
      flags['showsecret'] === true ? { SecretData: (await secretData(engine, id)).toString('utf8') } : {};
    const times = { CreatedAt: createdAt, UpdatedAt: updatedAt };
    const info = goStruct('secrets.Info', { ID: id, ...times, Spec: spec, ...shown });
    // Templates find it empty, JSON has none.
    if (!('SecretData' in shown)) Object.defineProperty(info, 'SecretData', { value: '' });
    documents.push(info);
  }
  const format = flags['format'] as string | undefined;
  if (format === undefined || format === 'json') print(`${toJson(documents, '    ')}\n`);
  else for (const document of documents) print(formatObject(document, format, 'inspect'));
  // The array of what there is comes first, as with other objects.
  if (missing.length > 0) throw new AggregateError(missing);
  return 0;
};

function pretty({ id, name, createdAt, updatedAt, labels, driver }: ReturnType<typeof getSecret>): string {
  const times = [`Created at:        ${createdAt}`, `Updated at:        ${updatedAt}`];
  const lines = Object.entries(labels).map(([key, value]) => ` - ${key}=${value}`);
  return `${[`ID:                ${id}`, `Name:              ${name}`, 'Labels:', ...lines, `Driver:            ${driver}`, ...times].join('\n')}\n`;
}

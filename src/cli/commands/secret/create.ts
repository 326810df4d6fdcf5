import { readFileSync } from 'node:fs';
import { InvalidSpecError, messageOf, UsageError } from '../../../base/errors.ts';
import { createSecret } from '../../../engine/secrets.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValue } from '../../flag.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [name = '', source = ''] = args;
  if (flags['replace'] === true && flags['ignore'] === true)
    throw new UsageError('ignore and replace cannot be used together');
  const data = flags['env'] === true ? fromVariable(source) : fromFile(source);
  const place = {
    driver: flags['driver'] as string | undefined,
    driverOptions: pairsIn(flags['driverOpts']),
  };
  const request = { name, data, labels: pairsIn(flags['label']), ...place };
  const how = { replace: flags['replace'] === true, ignore: flags['ignore'] === true };
  printLine(await createSecret(openEngine(), { ...request, ...how }));
  return 0;
};

function pairsIn(texts: FlagValue): Record<string, string> {
  return Object.fromEntries(
    ((texts as string[] | undefined) ?? []).map((text) => {
      const [key = '', ...value] = text.split('=');
      return [key, value.join('=')] as const;
    }),
  );
}

function fromVariable(name: string): Buffer {
  const value = process.env[name];
  if (value === undefined)
    throw new InvalidSpecError(`cannot create store secret data: environment variable ${name} is not set`);
  return Buffer.from(value);
}

function fromFile(path: string): Buffer {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    throw new InvalidSpecError(`cannot read the secret from ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

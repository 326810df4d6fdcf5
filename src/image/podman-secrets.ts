import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf, UnsupportedError } from '../base/errors.ts';
import type { ForeignSecret } from './foreign-store.ts';

interface SecretRow {
  name?: string;
  driver?: string;
  driverOptions?: { path?: string } | null;
  labels?: Record<string, string> | null;
}

/** Those of podman's file driver, which keeps them readable for their owner; of other drivers there is only the name here. */
export function podmanSecrets(root: string): ForeignSecret[] {
  const file = join(root, 'secrets/secrets.json');
  if (!existsSync(file)) return [];
  const { secrets } = readJson<{ secrets?: Record<string, SecretRow> | null }>(file);
  return Object.entries(secrets ?? {}).map(([id, { name = id, driver = 'file', driverOptions, labels }]) => ({
    name,
    labels: labels ?? {},
    read: () => {
      if (driver !== 'file')
        throw new UnsupportedError(`it is in podman's driver ${driver}: create it again with its value`);
      const data = readJson<Record<string, string>>(dataFile(root, driverOptions?.path))[id];
      if (data === undefined) throw new InvalidSpecError('podman has no value for it');
      return Buffer.from(data, 'base64');
    },
  }));
}

/** A store that was moved has the old path in it. */
function dataFile(root: string, path: string | undefined): string {
  const usual = join(root, 'secrets/filedriver/secretsdata.json');
  return existsSync(usual) || path === undefined ? usual : join(path, 'secretsdata.json');
}

/** The content is in no error. */
function readJson<T>(file: string): T {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidSpecError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new InvalidSpecError(`${file} is not JSON`);
  }
}

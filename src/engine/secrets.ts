import { UsageError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import {
  createSecret as createInLibpod,
  findSecret,
  listSecrets as listAll,
  type SecretRecord,
} from '../libpod/secret.ts';
import type { Engine } from './engine.ts';

export {
  findSecret,
  getSecret,
  missingSecret,
  removeSecret,
  type SecretRecord,
  secretData,
} from '../libpod/secret.ts';

const ID_DIGITS = 25;

export { SECRET_DRIVERS } from '../libpod/secret-drivers.ts';

export interface CreateSecretRequest {
  name: string;
  data: Buffer;
  labels: Record<string, string>;
  replace: boolean;
  /** One that exists is left as it is. */
  ignore: boolean;
  /** Absent: that of containers.conf. */
  driver?: string | undefined;
  /** Besides those that containers.conf has for its driver. */
  driverOptions: Record<string, string>;
}

/** Returns its id. */
export async function createSecret(
  engine: Engine,
  { ignore, ...request }: CreateSecretRequest,
): Promise<string> {
  const { secrets } = engine.config;
  const driver = request.driver ?? secrets.driver;
  const driverOptions =
    driver === secrets.driver ? { ...secrets.opts, ...request.driverOptions } : request.driverOptions;
  const existing = ignore ? findSecret(engine.db, request.name) : undefined;
  if (existing !== undefined) return existing.id;
  const id = newId().slice(0, ID_DIGITS);
  await createInLibpod(engine, { ...request, driver, driverOptions, id });
  return id;
}

/** By `name=` (a part of it) and `id=` (the beginning); several values of a key: one of them has to match. */
export function listSecrets(engine: Engine, filters: readonly string[]): SecretRecord[] {
  const wanted = { name: [] as string[], id: [] as string[] };
  for (const filter of filters) {
    const [key = '', ...value] = filter.split('=');
    if (key !== 'name' && key !== 'id')
      throw new UsageError(`invalid filter ${JSON.stringify(key)}: there are name and id`);
    wanted[key].push(value.join('='));
  }
  const any = (values: string[], meets: (value: string) => boolean): boolean =>
    values.length === 0 || values.some(meets);
  return listAll(engine.db).filter(
    ({ name, id }) =>
      any(wanted.name, (value) => name.includes(value)) && any(wanted.id, (value) => id.startsWith(value)),
  );
}

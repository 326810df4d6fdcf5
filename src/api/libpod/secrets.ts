import { UsageError } from '../../base/errors.ts';
import {
  createSecret,
  findSecret,
  getSecret,
  listSecrets,
  missingSecret,
  removeSecret,
  type SecretRecord,
  secretData,
} from '../../engine/secrets.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { readBytes } from '../read-body.ts';
import { sendEmpty, sendJson } from '../respond.ts';

export const list: Handler = (exchange) => {
  const found = listSecrets(exchange.engine, exchange.query.filters());
  sendJson(
    exchange,
    200,
    found.map((secret) => shapeOf(secret)),
  );
};

export const inspect: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const secret = getSecret(engine.db, nameOf(exchange));
  const data = query.flag('showsecret') ? (await secretData(engine, secret.id)).toString('utf8') : undefined;
  sendJson(exchange, 200, shapeOf(secret, data));
};

export const exists: Handler = (exchange) => {
  const name = nameOf(exchange);
  if (findSecret(exchange.engine.db, name) === undefined) throw missingSecret(name);
  sendEmpty(exchange, 204);
};

/** The body is the secret. */
export const create: Handler = async (exchange) => {
  const { engine, query, request } = exchange;
  const name = query.text('name');
  if (name === undefined) throw new UsageError('the parameter name is required');
  const data = await readBytes(request);
  const ID = await createSecret(engine, {
    ...{ name, data },
    labels: textsOf(exchange, 'labels'),
    driver: query.text('driver'),
    driverOptions: textsOf(exchange, 'driveropts'),
    replace: query.flag('replace'),
    ignore: query.flag('ignore'),
  });
  sendJson(exchange, 200, { ID });
};

export const remove: Handler = async (exchange) => {
  const { engine } = exchange;
  await removeSecret(engine.db, nameOf(exchange));
  sendEmpty(exchange, 204);
};

/** A JSON object. */
function textsOf({ query }: Exchange, parameter: 'labels' | 'driveropts'): Record<string, string> {
  const document = query.json(parameter) ?? {};
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new UsageError(`invalid parameter ${parameter}: must be a JSON object`);
  return Object.fromEntries(
    Object.entries(document as Record<string, unknown>).map(([key, value]) => [key, String(value)]),
  );
}

function shapeOf(secret: SecretRecord, data?: string): object {
  const { id, name, createdAt, updatedAt, labels, driver, driverOptions } = secret;
  return {
    ID: id,
    CreatedAt: createdAt,
    UpdatedAt: updatedAt,
    Spec: { Name: name, Driver: { Name: driver, Options: driverOptions }, Labels: labels },
    ...(data === undefined ? {} : { SecretData: data }),
  };
}

function nameOf({ params }: Exchange): string {
  return params['name'] ?? '';
}

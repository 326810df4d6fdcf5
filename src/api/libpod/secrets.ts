import { NotFoundError, UsageError } from '../../base/errors.ts';
import {
  createSecret,
  findSecret,
  getSecret,
  listSecrets,
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

export const inspect: Handler = (exchange) => {
  const { engine, query } = exchange;
  const secret = getSecret(engine.db, nameOf(exchange));
  const data = query.flag('showsecret') ? secretData(engine, secret.id).toString('utf8') : undefined;
  sendJson(exchange, 200, shapeOf(secret, data));
};

export const exists: Handler = (exchange) => {
  const name = nameOf(exchange);
  if (findSecret(exchange.engine.db, name) === undefined)
    throw new NotFoundError('secret', name, { message: `no secret with name or id ${JSON.stringify(name)}` });
  sendEmpty(exchange, 204);
};

/** The body is the secret. */
export const create: Handler = async (exchange) => {
  const { engine, query, request } = exchange;
  const name = query.text('name');
  if (name === undefined) throw new UsageError('the parameter name is required');
  const driver = query.text('driver');
  if (driver !== undefined && driver !== 'file')
    throw new UsageError(`unsupported secret driver ${JSON.stringify(driver)}: there is file`);
  const data = await readBytes(request);
  const ID = createSecret(engine, {
    ...{ name, data },
    labels: Object.fromEntries(labelsIn(exchange)),
    replace: query.flag('replace'),
    ignore: query.flag('ignore'),
  });
  sendJson(exchange, 200, { ID });
};

export const remove: Handler = (exchange) => {
  const { engine } = exchange;
  removeSecret(engine.db, nameOf(exchange));
  sendEmpty(exchange, 204);
};

/** A JSON object. */
function labelsIn({ query }: Exchange): [string, string][] {
  const document = query.json('labels') ?? {};
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new UsageError('invalid parameter labels: must be a JSON object');
  return Object.entries(document as Record<string, unknown>).map(([key, value]) => [key, String(value)]);
}

function shapeOf({ id, name, createdAt, updatedAt, labels }: SecretRecord, data?: string): object {
  return {
    ID: id,
    CreatedAt: createdAt,
    UpdatedAt: updatedAt,
    Spec: { Name: name, Driver: { Name: 'file', Options: {} }, Labels: labels },
    ...(data === undefined ? {} : { SecretData: data }),
  };
}

function nameOf({ params }: Exchange): string {
  return params['name'] ?? '';
}

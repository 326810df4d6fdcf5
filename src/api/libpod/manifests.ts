import { InvalidSpecError, NotFoundError, UsageError } from '../../base/errors.ts';
import {
  addToManifestList,
  annotateManifestList,
  createManifestList,
  inspectManifest,
  lookUpManifestList,
  pushManifestList,
  removeFromManifestList,
  removeManifestList,
} from '../../engine/manifest-lists.ts';
import { textIn, textMapIn, textsIn } from '../body.ts';
import { credentialsIn } from '../compat/registry-auth.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { type JsonObject, readJson } from '../read-body.ts';
import { sendEmpty, sendJson, sendStream, sendText, textOf } from '../respond.ts';

export const create: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const body = await readBody(exchange);
  const name = nameOf(exchange);
  const { id } = createManifestList(engine, name, {
    amend: query.flag('amend'),
    annotations: textMapIn(body, 'annotations'),
  });
  const images = [...query.all('images'), ...textsIn(body, 'images')];
  for (const image of images)
    await addToManifestList(engine, name, image, { ...accessIn(exchange), all: query.flag('all') });
  sendJson(exchange, 201, { Id: id });
};

export const exists: Handler = (exchange) => {
  const name = nameOf(exchange);
  if (lookUpManifestList(exchange.engine, name) === undefined) throw unknownList(name);
  sendEmpty(exchange, 204);
};

export const inspect: Handler = async (exchange) => {
  const name = nameOf(exchange);
  const text = await inspectManifest(exchange.engine, name, accessIn(exchange)).catch((error: unknown) => {
    // Not here, and no registry to ask.
    if (!(error instanceof InvalidSpecError)) throw error;
    throw new NotFoundError('image', name, { message: error.message, cause: error });
  });
  sendText(exchange, 200, text, 'application/json');
};

/** `update` adds images, `remove` takes them away, `annotate` says more about one. */
export const modify: Handler = async (exchange) => {
  const { engine } = exchange;
  const body = await readBody(exchange);
  const name = nameOf(exchange);
  const images = textsIn(body, 'images');
  const operation = textIn(body, 'operation');
  const facts = { annotations: annotationsIn(body), platform: platformIn(body) };
  let list = lookUpManifestList(engine, name);
  for (const image of images) {
    if (operation === 'update')
      list = await addToManifestList(engine, name, image, {
        ...accessIn(exchange),
        ...facts,
        all: body['all'] === true,
      });
    else if (operation === 'remove') list = await removeFromManifestList(engine, name, image);
    else if (operation === 'annotate') list = await annotateManifestList(engine, name, image, facts);
    else
      throw new UsageError(
        `invalid operation ${JSON.stringify(operation)}: choose update, remove or annotate`,
      );
  }
  if (images.length === 0 && operation === 'annotate')
    list = await annotateManifestList(engine, name, undefined, facts);
  if (list === undefined)
    throw new NotFoundError('image', name, { message: `${name}: manifest list not known` });
  sendJson(exchange, 200, { Id: list.id, images });
};

export const add: Handler = async (exchange) => {
  const body = await readBody(exchange);
  const name = nameOf(exchange);
  // Without an image nothing else would notice.
  if (lookUpManifestList(exchange.engine, name) === undefined) throw unknownList(name);
  let id = '';
  for (const image of textsIn(body, 'images'))
    ({ id } = await addToManifestList(exchange.engine, name, image, {
      ...accessIn(exchange),
      annotations: annotationsIn(body),
      platform: platformIn(body),
      all: body['all'] === true,
    }));
  sendJson(exchange, 200, { Id: id });
};

/** With `digest` only that image of the list. */
export const remove: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const digest = query.text('digest');
  if (digest !== undefined) {
    const { id } = await removeFromManifestList(engine, nameOf(exchange), digest);
    sendJson(exchange, 200, { Id: id });
    return;
  }
  const { id, names } = removeManifestList(engine, nameOf(exchange));
  sendJson(exchange, 200, { Untagged: names, Deleted: [id], Errors: null, ExitCode: 0 });
};

/** Progress as text, then the digest; a failure after the beginning is told in the stream. */
export const push: Handler = async (exchange) => {
  const { engine, params, query, signal } = exchange;
  const name = nameOf(exchange);
  const destination = params['destination'] ?? query.text('destination') ?? name;
  if (lookUpManifestList(engine, name) === undefined)
    throw new NotFoundError('image', name, { message: `${name}: manifest list not known` });
  const answer = sendStream(exchange, 'application/json');
  try {
    const wish = { ...accessIn(exchange), destination, all: query.flag('all', true), signal };
    const { digest } = await pushManifestList(engine, name, wish);
    await answer.json({ id: digest ?? '' });
  } catch (error) {
    await answer.json({ error: textOf(error) });
  }
  answer.end();
};

/** podman reads members whatever their case, and its clients rely on it. */
async function readBody(exchange: Exchange): Promise<JsonObject> {
  const body = await readJson(exchange);
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key.toLowerCase(), value]));
}

function accessIn(exchange: Exchange) {
  const { query } = exchange;
  return {
    credentials: credentialsIn(exchange),
    ...(query.text('tlsVerify') === undefined ? {} : { tlsVerify: query.flag('tlsVerify') }),
  };
}

function platformIn(body: JsonObject) {
  const given = {
    os: textIn(body, 'os'),
    architecture: textIn(body, 'arch'),
    variant: textIn(body, 'variant'),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ''));
}

/** podman's clients send a map, or `key=value` words. */
function annotationsIn(body: JsonObject): Record<string, string> {
  const words = textsIn(body, 'annotation').map((word) => {
    const at = word.indexOf('=');
    return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
  });
  return { ...textMapIn(body, 'annotations'), ...Object.fromEntries(words) };
}

function unknownList(name: string): NotFoundError {
  return new NotFoundError('image', name, { message: `${name}: manifest list not known` });
}

function nameOf({ params }: Exchange): string {
  return params['name'] ?? '';
}

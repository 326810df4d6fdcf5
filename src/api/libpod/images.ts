import { NotFoundError, UsageError } from '../../base/errors.ts';
import {
  everyImage,
  imageExists,
  type ImageSummary,
  inspectImage,
  listImages,
  type PullPolicy,
  pullImage,
  removeImages,
} from '../../engine/images.ts';
import { lookUpManifestList, removeManifestList } from '../../engine/manifest-lists.ts';
import { credentialsIn } from '../compat/registry-auth.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendEmpty, sendJson, sendStream, textOf } from '../respond.ts';

export const list: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const found = await listImages(engine, { all: query.flag('all'), filters: query.filters() });
  sendJson(exchange, 200, found.map(shapeOf));
};

function shapeOf({ image, names, containers }: ImageSummary): object {
  return {
    Id: image.id,
    ParentId: '',
    RepoTags: names,
    RepoDigests: image.repoDigests,
    Created: Math.max(0, Math.trunc(Date.parse(image.createdAt) / 1000) || 0),
    Size: image.size,
    VirtualSize: image.size,
    SharedSize: 0,
    Labels: image.config.config.labels,
    Containers: containers,
    Names: names,
    Digest: image.manifestDigest,
  };
}

/** Progress as text, then the ids; a failure after the beginning is told in the stream. */
export const pull: Handler = async (exchange) => {
  const { engine, query, signal } = exchange;
  const reference = query.text('reference');
  if (reference === undefined) throw new UsageError('reference parameter cannot be empty');
  if (query.flag('allTags') || query.flag('alltags'))
    throw new UsageError('allTags is not supported: name one tag');
  const policy = policyOf(query.text('policy') ?? 'always');
  const answer = sendStream(exchange, 'application/json');
  try {
    const { image } = await pullImage(
      engine,
      reference.replace(/^docker:\/\//, ''),
      {
        policy,
        os: query.text('os') ?? query.text('OS'),
        arch: query.text('arch') ?? query.text('Arch'),
        variant: query.text('variant') ?? query.text('Variant'),
        ...(query.text('tlsVerify') === undefined ? {} : { tlsVerify: query.flag('tlsVerify') }),
        credentials: credentialsIn(exchange),
        signal,
      },
      (event) => {
        if (event.kind === 'trying') void answer.json({ stream: `Trying to pull ${event.name}...\n` });
      },
    );
    await answer.json({ images: [image.id], id: image.id });
  } catch (error) {
    await answer.json({ error: textOf(error) });
  }
  answer.end();
};

function policyOf(text: string): PullPolicy {
  const word = text.toLowerCase();
  if (word === 'always' || word === 'missing' || word === 'never' || word === 'newer') return word;
  throw new UsageError(`invalid policy ${JSON.stringify(text)}: choose always, missing, never or newer`);
}

export const inspect: Handler = async (exchange) => {
  sendJson(exchange, 200, await inspectImage(exchange.engine, nameOf(exchange)));
};

export const exists: Handler = async (exchange) => {
  const name = nameOf(exchange);
  if (!(await imageExists(exchange.engine, name)))
    throw new NotFoundError('image', name, { message: `${name}: image not known` });
  sendEmpty(exchange, 204);
};

/** Goes on after a failure; the report names all. */
export const remove: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const asked = query.flag('all') ? everyImage(engine) : query.list('images');
  const lists = query.flag('lookupManifest')
    ? asked.filter((name) => lookUpManifestList(engine, name) !== undefined)
    : [];
  const removed = lists.map((name) => removeManifestList(engine, name));
  const names = asked.filter((name) => !lists.includes(name));
  const report = await removeImages(engine, names, {
    force: query.flag('force'),
    ignore: query.flag('ignore'),
  });
  sendJson(exchange, 200, {
    Untagged: [...removed.flatMap(({ names: all }) => all), ...report.untagged],
    Deleted: [...removed.map(({ id }) => id), ...report.deleted],
    Errors: report.errors.map(textOf),
    ExitCode: report.errors.length === 0 ? 0 : FAILED,
  });
};

export const removeOne: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const report = await removeImages(engine, [nameOf(exchange)], {
    force: query.flag('force'),
    ignore: false,
  });
  if (report.errors[0] !== undefined) throw report.errors[0];
  sendJson(exchange, 200, { Untagged: report.untagged, Deleted: report.deleted, Errors: null, ExitCode: 0 });
};

const FAILED = 125;

function nameOf({ params }: Exchange): string {
  return params['name'] ?? '';
}

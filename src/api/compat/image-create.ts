import { NotFoundError, RegistryAuthError, UsageError } from '../../base/errors.ts';
import { download } from '../../engine/download.ts';
import type { Engine } from '../../engine/engine.ts';
import { importImage } from '../../engine/image-archives.ts';
import {
  applyChanges,
  familiarName,
  fetchTags,
  findImage,
  type ImageRecord,
  imageExists,
  type PullOptions,
  pullImage,
  wantedPlatform,
} from '../../engine/images.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { uploaded, uploadOf } from '../uploaded.ts';
import { joinedName } from './image-names.ts';
import { type ProgressLines, progressLines } from './progress-lines.ts';
import { credentialsIn } from './registry-auth.ts';

/** Pulls (`fromImage`) or imports (`fromSrc`). */
export const createImage: Handler = async (exchange) => {
  const name = exchange.query.text('fromImage');
  if (name === undefined) return importSource(exchange);
  const { engine, query, signal } = exchange;
  const tag = query.text('tag');
  const options: PullOptions = {
    policy: 'always',
    platform: query.text('platform'),
    credentials: credentialsIn(exchange),
  };
  const lines = progressLines(exchange);
  try {
    const hasTag = tag !== undefined || /[:@][^/]*$/.test(name);
    const names = hasTag
      ? [joinedName(name, tag)]
      : (await fetchTags(engine, name, options)).map((one) => `${name}:${one}`);
    for (const each of names) await pullOne(exchange, each, { options: { ...options, signal }, lines });
    await lines.end();
  } catch (error) {
    await lines.fail(error instanceof RegistryAuthError ? denied(name, error) : error);
  }
};

/** Not as 401: docker's client would ask for a password and try for ever. */
function denied(name: string, error: RegistryAuthError): NotFoundError {
  const repository = name.replace(/[:@][^/]*$/, '');
  const message = `pull access denied for ${repository}, repository does not exist or may require 'docker login': ${error.message}`;
  return new NotFoundError('image', name, { message, cause: error });
}

const PULL_WORDS = {
  begins: 'Pulling fs layer',
  goesOn: 'Downloading',
  ends: ['Download complete', 'Pull complete'],
  exists: 'Already exists',
};

async function pullOne(
  { engine }: Exchange,
  name: string,
  { options, lines }: { options: PullOptions & { signal: AbortSignal }; lines: ProgressLines },
): Promise<void> {
  let isAnnounced = false;
  const announce = (): void => {
    if (isAnnounced) return;
    isAnnounced = true;
    const [, repository = name, tag = 'latest'] = /^(.*?)(?:[:@]([^/]*))?$/.exec(name) ?? [];
    const isOfHub = !/^[^/]*[.:][^/]*\/|^localhost\//.test(repository) && !repository.includes('/');
    lines.line({ status: `Pulling from ${isOfHub ? 'library/' : ''}${pathOf(repository)}`, id: tag });
  };
  const before = (await knownImage(engine, name))?.id;
  const report = await pullImage(engine, name, options, (event) => {
    if (event.kind !== 'layer') return;
    announce();
    lines.layer(event, PULL_WORDS);
  });
  announce();
  const { image, warnings } = report;
  const repository = report.name.replace(/@.*$|:[^:/]*$/, '');
  const digest = image.repoDigests.find((one) => one.startsWith(`${repository}@`))?.split('@')[1];
  lines.line({ status: `Digest: ${digest ?? image.manifestDigest}` });
  for (const warning of warnings) lines.line({ status: `WARNING: ${warning}` });
  const familiar = familiarName(report.name);
  lines.line({
    status: `Status: ${before === image.id ? 'Image is up to date' : 'Downloaded newer image'} for ${familiar}`,
  });
}

async function knownImage(engine: Engine, name: string): Promise<ImageRecord | undefined> {
  return (await imageExists(engine, name)) ? (await findImage(engine, name)).image : undefined;
}

function pathOf(repository: string): string {
  return repository.replace(/^(?:[^/]*[.:][^/]*|localhost)\//, '');
}

async function importSource(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const source = query.text('fromSrc');
  if (source === undefined) throw new UsageError('one of the parameters fromImage and fromSrc is required');
  const run = applyChanges({}, query.all('changes'));
  const platform = wantedPlatform({ platform: query.text('platform') });
  const repository = query.text('repo');
  const lines = progressLines(exchange);
  try {
    const input = source === '-' ? uploadOf(exchange) : await download(source);
    const names = repository === undefined ? [] : [joinedName(repository, query.text('tag'))];
    const message = query.text('message');
    const image = await uploaded(importImage(engine, input, { names, run, platform, message }));
    lines.line({ status: `sha256:${image.id}` });
    await lines.end();
  } catch (error) {
    await lines.fail(error);
  }
}

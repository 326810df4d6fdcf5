import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../../base/errors.ts';
import { loadImages, saveImages } from '../../engine/image-archives.ts';
import { familiarName, findImage } from '../../engine/images.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendStream, textOf } from '../respond.ts';
import { uploaded, uploadOf } from '../uploaded.ts';
import { namedImage } from './image-names.ts';
import { platformIn } from './platform-in.ts';

export const saveOne: Handler = async (exchange) => {
  await namedImage(exchange, platformIn(exchange.query));
  return save(exchange, [exchange.params['name'] ?? '']);
};

export const saveSeveral: Handler = async (exchange) => {
  const names = exchange.query.all('names').flatMap((text) => text.split(','));
  if (names.length === 0) throw new UsageError('the parameter names is required');
  const platform = platformIn(exchange.query);
  for (const name of names) await findImage(exchange.engine, name, platform);
  return save(exchange, names);
};

async function save(exchange: Exchange, names: readonly string[]): Promise<void> {
  const { engine, query, response, signal } = exchange;
  sendStream(exchange, 'application/x-tar');
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  const platform = platformIn(query);
  const options = {
    format: 'docker-archive',
    severalImages: true,
    compress: false,
    platform,
    output,
  } as const;
  await Promise.all([saveImages(engine, names, options), pipeline(output, response, { signal })]);
}

export const loadArchive: Handler = async (exchange) => {
  const loaded = await uploaded(
    loadImages(exchange.engine, uploadOf(exchange), undefined, { platform: platformIn(exchange.query) }),
  );
  const answer = sendStream(exchange, 'application/json');
  try {
    for (const { image, names } of loaded) {
      const lines =
        names.length === 0
          ? [`Loaded image ID: sha256:${image.id}`]
          : names.map((name) => `Loaded image: ${familiarName(name)}`);
      for (const line of lines) await answer.json({ stream: `${line}\n` });
    }
  } catch (error) {
    await answer.json({ errorDetail: { message: textOf(error) }, error: textOf(error) });
  }
  answer.end();
};

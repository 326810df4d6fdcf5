import { UsageError } from '../../base/errors.ts';
import { tagImage } from '../../engine/images.ts';
import type { Handler } from '../exchange.ts';
import { sendEmpty } from '../respond.ts';
import { joinedName, namedImage } from './image-names.ts';

export const tagHandler: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const repository = query.text('repo');
  if (repository === undefined) throw new UsageError('the parameter repo is required');
  const { image } = await namedImage(exchange);
  await tagImage(engine, image.id, [joinedName(repository, query.text('tag'))]);
  sendEmpty(exchange, 201);
};

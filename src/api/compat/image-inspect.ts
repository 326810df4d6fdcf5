import { UsageError } from '../../base/errors.ts';
import { dockerImage } from '../../engine/docker-image.ts';
import { imageHistory } from '../../engine/images.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { familiarNames, namedImage } from './image-names.ts';
import { platformIn } from './platform-in.ts';

export const inspectImageHandler: Handler = async (exchange) => {
  const { query } = exchange;
  const platform = platformIn(query);
  if (platform !== undefined && query.flag('manifests'))
    throw new UsageError('conflicting options: manifests and platform options cannot both be set');
  const { image } = await namedImage(exchange, platform);
  const document = await dockerImage(exchange.engine, image);
  // docker tells of the container until API 1.44; docker-compose 1.29, whatever it speaks, makes none anew without.
  sendJson(exchange, 200, { ...document, Container: '', ContainerConfig: document['Config'] });
};

export const historyHandler: Handler = async (exchange) => {
  const { image } = await namedImage(exchange, platformIn(exchange.query));
  const steps = await imageHistory(exchange.engine, image.id);
  sendJson(
    exchange,
    200,
    steps.map((step) => ({
      Id: step.id === '<missing>' ? step.id : `sha256:${step.id.replace(/^sha256:/, '')}`,
      Created: step.created === undefined ? 0 : Math.trunc(Date.parse(step.created) / 1000),
      CreatedBy: step.createdBy,
      Tags: step.tags.length === 0 ? null : familiarNames(step.tags),
      Size: step.size,
      Comment: step.comment,
    })),
  );
};

import { type ImageSummary, listImages } from '../../engine/images.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { familiarNames } from './image-names.ts';

export const listImagesHandler: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const filters = query.filters();
  // Before 1.41 there was a parameter of its own.
  const filter = query.text('filter');
  if (filter !== undefined) filters.push(`reference=${filter}`);
  const images = await listImages(engine, { all: query.flag('all'), filters });
  sendJson(exchange, 200, images.map(summaryOf));
};

function summaryOf({ image, containers }: ImageSummary): object {
  return {
    Id: `sha256:${image.id}`,
    ParentId: '',
    RepoTags: familiarNames(image.names),
    RepoDigests: familiarNames(image.repoDigests),
    Created: Math.max(0, Math.trunc(Date.parse(image.createdAt) / 1000) || 0),
    Size: image.size,
    VirtualSize: image.size,
    SharedSize: -1,
    Labels: image.config.config.labels,
    Containers: containers,
  };
}

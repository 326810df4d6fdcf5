import { pruneImages } from '../../engine/prune-images.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { deletedItems } from './image-remove.ts';

export const pruneImagesHandler: Handler = async (exchange) => {
  const words = exchange.query.filters();
  const isDangling = (word: string): boolean => word.startsWith('dangling=');
  const dangling = words.find(isDangling);
  const all = dangling !== undefined && ['dangling=false', 'dangling=0'].includes(dangling);
  const filters = words.filter((word) => !isDangling(word));
  const report = await pruneImages(exchange.engine, { all, filters });
  const [failure] = report.failures;
  if (failure !== undefined && report.removed.length === 0) throw failure;
  sendJson(exchange, 200, {
    ImagesDeleted: deletedItems(report.untagged, report.removed),
    SpaceReclaimed: report.reclaimed,
  });
};

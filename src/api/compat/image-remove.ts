import { familiarName, removeImages } from '../../engine/images.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { namedImage } from './image-names.ts';
import { platformsIn } from './platform-in.ts';

export const removeHandler: Handler = async (exchange) => {
  const { engine, params, query } = exchange;
  const platforms = platformsIn(query);
  if (platforms.length === 0) await namedImage(exchange);
  for (const platform of platforms) await namedImage(exchange, platform);
  const report = await removeImages(engine, [params['name'] ?? ''], {
    force: query.flag('force'),
    ignore: false,
    platforms,
  });
  const [failure] = report.errors;
  if (failure !== undefined) throw failure;
  sendJson(exchange, 200, deletedItems(report.untagged, report.deleted));
};

/** Also for prune. */
export function deletedItems(untagged: readonly string[], deleted: readonly string[]): object[] {
  return [
    ...untagged.map((name) => ({ Untagged: familiarName(name) })),
    ...deleted.map((id) => ({ Deleted: `sha256:${id}` })),
  ];
}

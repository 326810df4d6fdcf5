import { familiarName, removeImages } from '../../engine/images.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { namedImage } from './image-names.ts';

export const removeHandler: Handler = async (exchange) => {
  const { engine, params, query } = exchange;
  await namedImage(exchange);
  const report = await removeImages(engine, [params['name'] ?? ''], {
    force: query.flag('force'),
    ignore: false,
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

import { diffObject } from '../../engine/container-diff.ts';
import { imageLayers, imageTreeText, layersAbove } from '../../engine/image-layers.ts';
import { namesToPull } from '../../engine/images.ts';
import { shapeOfChanges } from '../compat/container-changes.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';

export const tree: Handler = async (exchange) => {
  const { engine, params, query } = exchange;
  const find = query.flag('whatrequires') ? layersAbove : imageLayers;
  sendJson(exchange, 200, { Tree: imageTreeText(await find(engine, params['name'] ?? '')) });
};

/** What the last layer changes in those below. */
export const changes: Handler = async (exchange) => {
  const found = await diffObject(exchange.engine, exchange.params['name'] ?? '', 'image');
  sendJson(exchange, 200, shapeOfChanges(found));
};

/** podman's clients ask here for images, too. */
export const changesOfAny: Handler = async (exchange) => {
  const { engine, params, query } = exchange;
  const type = query.text('diffType') ?? 'container';
  const kind = type === 'image' || type === 'container' ? type : undefined;
  sendJson(exchange, 200, shapeOfChanges(await diffObject(engine, params['id'] ?? '', kind)));
};

/** The full names that a pull of this one would try. */
export const resolve: Handler = async (exchange) => {
  sendJson(exchange, 200, { Names: await namesToPull(exchange.engine, exchange.params['name'] ?? '') });
};

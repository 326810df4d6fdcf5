import type { ImageRecord } from '../storage/store.ts';
import type { Engine } from './engine.ts';
import { findImage } from './images.ts';

/** A layer, what stands on it, and the images that end with it. */
export interface LayerNode {
  id: string;
  size: number;
  topOf: string[];
  above: LayerNode[];
}

/** The layers of an image, lowest first. NotFoundError. */
export async function imageLayers(
  engine: Engine,
  name: string,
): Promise<{ image: ImageRecord; layers: LayerNode[] }> {
  const { image } = await findImage(engine, name);
  const layers = chainOf(engine, image).map(({ chainId, diskSize }) => nodeOf(chainId, diskSize));
  const top = layers.at(-1);
  if (top !== undefined) top.topOf.push(...image.names);
  return { image, layers };
}

/** The image's topmost layer, with all that stands on it in other images. */
export async function layersAbove(
  engine: Engine,
  name: string,
): Promise<{ image: ImageRecord; layers: LayerNode[] }> {
  const { image } = await findImage(engine, name);
  const nodes = new Map<string, LayerNode>();
  for (const other of engine.store.images.list()) {
    const chain = chainOf(engine, other);
    const from = chain.findIndex(({ id }) => id === image.topLayerId);
    if (from < 0) continue;
    let below: LayerNode | undefined;
    for (const { chainId, diskSize } of chain.slice(from)) {
      const node: LayerNode = nodes.get(chainId) ?? nodeOf(chainId, diskSize);
      if (!nodes.has(chainId)) below?.above.push(node);
      nodes.set(chainId, node);
      below = node;
    }
    below?.topOf.push(...other.names);
  }
  const root = [...nodes.values()][0];
  return { image, layers: root === undefined ? [] : [root] };
}

function chainOf(engine: Engine, { topLayerId }: ImageRecord) {
  return topLayerId === undefined ? [] : engine.store.layers.chain(topLayerId).toReversed();
}

function nodeOf(chainId: string, size: number): LayerNode {
  return { id: chainId.replace(/^sha256:/, ''), size, topOf: [], above: [] };
}

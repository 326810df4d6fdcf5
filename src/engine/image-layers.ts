import { humanSize } from '../base/human-size.ts';
import { shortId } from '../base/ids.ts';
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

export interface ImageLayers {
  image: ImageRecord;
  layers: LayerNode[];
}

/** The layers of an image, lowest first. NotFoundError. */
export async function imageLayers(engine: Engine, name: string): Promise<ImageLayers> {
  const { image } = await findImage(engine, name);
  const layers = chainOf(engine, image).map(({ chainId, diskSize }) => nodeOf(chainId, diskSize));
  const top = layers.at(-1);
  if (top !== undefined) top.topOf.push(...image.names);
  return { image, layers };
}

/** The image's topmost layer, with all that stands on it in other images. */
export async function layersAbove(engine: Engine, name: string): Promise<ImageLayers> {
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

/** podman's picture, which its API sends as text. */
export function imageTreeText({ image, layers }: ImageLayers): string {
  const head = [
    `Image ID: ${shortId(image.id)}`,
    `Tags:     [${image.names.join(' ')}]`,
    `Size:     ${humanSize(image.size)}`,
    layers.length === 0 ? 'No Image Layers' : 'Image Layers',
  ];
  return [...head, ...drawn(layers, '')].map((line) => `${line}\n`).join('');
}

function drawn(nodes: readonly LayerNode[], indent: string): string[] {
  return nodes.flatMap((node, i) => {
    const isLast = i === nodes.length - 1;
    const top = node.topOf.length === 0 ? '' : ` Top Layer of: [${node.topOf.join(' ')}]`;
    const line = `${indent}${isLast ? '└──' : '├──'} ID: ${shortId(node.id)} Size: ${humanSize(node.size)}${top}`;
    return [line, ...drawn(node.above, `${indent}${isLast ? '    ' : '│   '}`)];
  });
}

function chainOf(engine: Engine, { topLayerId }: ImageRecord) {
  return topLayerId === undefined ? [] : engine.store.layers.chain(topLayerId).toReversed();
}

function nodeOf(chainId: string, size: number): LayerNode {
  return { id: chainId.replace(/^sha256:/, ''), size, topOf: [], above: [] };
}

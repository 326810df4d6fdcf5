import { shortId } from '../../../base/ids.ts';
import { imageLayers, type LayerNode, layersAbove } from '../../../engine/image-layers.ts';
import type { CommandHandler } from '../../command.ts';
import { humanSize } from '../../output/human-size.ts';
import { print } from '../../output/print.ts';

/** podman's picture of the layers of an image. */
export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const find = flags['whatrequires'] === true ? layersAbove : imageLayers;
  const { image, layers } = await find(openEngine(), args[0] ?? '');
  const head = [
    `Image ID: ${shortId(image.id)}`,
    `Tags:     [${image.names.join(' ')}]`,
    `Size:     ${humanSize(image.size)}`,
    layers.length === 0 ? 'No Image Layers' : 'Image Layers',
  ];
  print([...head, ...drawn(layers, '')].map((line) => `${line}\n`).join(''));
  return 0;
};

function drawn(nodes: readonly LayerNode[], indent: string): string[] {
  return nodes.flatMap((node, i) => {
    const isLast = i === nodes.length - 1;
    const top = node.topOf.length === 0 ? '' : ` Top Layer of: [${node.topOf.join(' ')}]`;
    const line = `${indent}${isLast ? '└──' : '├──'} ID: ${shortId(node.id)} Size: ${humanSize(node.size)}${top}`;
    return [line, ...drawn(node.above, `${indent}${isLast ? '    ' : '│   '}`)];
  });
}

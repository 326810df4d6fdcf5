import type { Engine } from '../../../engine/engine.ts';
import { type PlatformImage, platformsOf } from '../../../engine/image-platforms.ts';
import { UsageError } from '../../../base/errors.ts';
import { shortId } from '../../../base/ids.ts';
import type { FlagValues } from '../../flag.ts';
import { humanSize } from '../../output/human-size.ts';
import { alignTabs, DOCKER_TABLE } from '../../output/table.ts';
import type { ImageRow } from './image-row.ts';

/** docker's picture: each image once, its names one above the other, and below them the platforms that it has. */
export function treeOf(engine: Engine, rows: readonly ImageRow[], flags: FlagValues): string {
  for (const [key, flag] of NOT_IN_TREES)
    if (flags[key] === true || typeof flags[key] === 'string')
      throw new UsageError(`${flag} and --tree cannot be used together`);
  const platforms = platformsOf(engine);
  const blocks = [...byImage(rows)].map(([image, names]) => blockOf(platforms(image), names));
  const heading = 'IMAGE\tID\tDISK USAGE\tCONTENT SIZE\tEXTRA';
  const [first = '', ...lines] = alignTabs([heading, ...blocks.flat()].join('\n'), DOCKER_TABLE).split('\n');
  const parts = blocks.map((block) => lines.splice(0, block.length).map((line) => `${line.trimEnd()}\n`));
  return `${LEGEND.padStart(first.length)}\n\n${first}\n${parts.map((part) => part.join('')).join('\n')}`;
}

const NOT_IN_TREES = [
  ['quiet', '--quiet'],
  ['noTrunc', '--no-trunc'],
  ['digests', '--digests'],
  ['history', '--history'],
  ['format', '--format'],
] as const;

const LEGEND = 'U: in use';

function byImage(rows: readonly ImageRow[]): Map<ImageRow['image'], ImageRow[]> {
  const groups = new Map<ImageRow['image'], ImageRow[]>();
  for (const row of rows) groups.set(row.image, [...(groups.get(row.image) ?? []), row]);
  return groups;
}

function blockOf(platforms: readonly PlatformImage[], rows: readonly ImageRow[]): string[] {
  const names = rows.map(({ repository, tag }) => (tag === NONE ? NONE : `${repository}:${tag}`));
  const total = lineOf(names.pop() ?? NONE, rows[0]?.shownId ?? '', {
    size: sum(platforms.map(({ size }) => size)),
    contentSize: sum(platforms.map((one) => one.contentSize)),
    isInUse: platforms.some(({ isInUse }) => isInUse),
  });
  const children = platforms.map((one, i) => {
    const branch = i === platforms.length - 1 ? '└─' : '├─';
    return lineOf(`${branch} ${one.platform}`, shortId(one.digest.replace(/^sha256:/, '')), one);
  });
  // A line without cells of its own would end the columns: it gets empty ones.
  return [...names.map((name) => `${name}\t\t\t\t`), total, ...children];
}

const NONE = '<none>';

function lineOf(
  name: string,
  id: string,
  { size, contentSize, isInUse }: Pick<PlatformImage, 'size' | 'contentSize' | 'isInUse'>,
): string {
  return [name, id, sizeText(size), sizeText(contentSize), isInUse ? 'U' : ''].join('\t');
}

function sizeText(size: number | undefined): string {
  return size === undefined ? '-' : humanSize(size, 3);
}

/** Undefined when none is here. */
function sum(sizes: readonly (number | undefined)[]): number | undefined {
  const known = sizes.filter((size) => size !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, size) => total + size, 0);
}

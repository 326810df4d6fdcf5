import { type ImageSummary, listImages } from '../../../engine/images.ts';
import { UsageError } from '../../../base/errors.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { imageRow, type ImageRow, type RowStyle, rowOfDocker, rowOfPodman } from './image-row.ts';

type SortKey = 'created' | 'id' | 'repository' | 'size' | 'tag';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const filters = [...((flags['filter'] as string[] | undefined) ?? [])];
  const [name] = args;
  if (name !== undefined && filters.length > 0) {
    throw new UsageError('cannot specify an image and a filter(s)');
  }
  if (name !== undefined) filters.push(`reference=${name}`);
  const engine = openEngine();
  const summaries = await listImages(engine, { filters, all: flags['all'] === true });
  const style: RowStyle = { noTrunc: flags['noTrunc'] === true, asDocker };
  const rows = sortRows(rowsOf(summaries, style), flags['sort'] as SortKey);
  if (flags['tree'] === true) {
    const { treeOf } = await import('./list-tree.ts');
    print(treeOf(engine, rows, flags));
    return 0;
  }
  print(flags['quiet'] === true ? idsOf(rows) : listOf(rows, flags, asDocker));
  return 0;
};

/** An image has a line for each of its names; without any, one line. */
function rowsOf(summaries: readonly ImageSummary[], style: RowStyle): ImageRow[] {
  return summaries.flatMap((summary) =>
    (summary.names.length === 0 ? [undefined] : [...summary.names].reverse()).map((name) =>
      imageRow(summary, name, style),
    ),
  );
}

function idsOf(rows: readonly ImageRow[]): string {
  return [...new Set(rows.map((row) => row.shownId))].map((id) => `${id}\n`).join('');
}

function listOf(rows: readonly ImageRow[], flags: FlagValues, asDocker: boolean): string {
  const digest = flags['digests'] === true ? '{{.Digest}}\t' : '';
  const history = flags['history'] === true ? '\t{{.History}}' : '';
  return formatRows(rows.map(asDocker ? rowOfDocker : rowOfPodman), {
    command: 'images',
    format: flags['format'] as string | undefined,
    columns: `{{.Repository}}\t{{.Tag}}\t${digest}{{.ID}}\t{{.CreatedSince}}\t{{.Size}}${history}`,
    headings: { ID: 'IMAGE ID', CreatedSince: 'CREATED', ReadOnly: 'R/O' },
    noHeading: flags['noheading'] === true,
    asDocker,
  });
}

function sortRows(rows: ImageRow[], key: SortKey): ImageRow[] {
  const by = (read: (row: ImageRow) => string): ImageRow[] =>
    rows.sort((a, b) => (read(a) < read(b) ? -1 : read(a) > read(b) ? 1 : 0));
  switch (key) {
    case 'id':
      return by((row) => row.shownId);
    case 'repository':
      return by((row) => row.repository);
    case 'tag':
      return by((row) => row.tag);
    case 'size':
      return rows.sort((a, b) => a.image.size - b.image.size);
    default:
      // That is how they come.
      return rows;
  }
}

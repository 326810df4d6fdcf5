import { UsageError } from '../../../base/errors.ts';
import { listRemoteTags, type SearchHit, searchImages } from '../../../engine/search-images.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print, printLine } from '../../output/print.ts';
import { type GoObject, goStruct, toJson } from '../../output/template/go-value.ts';
import { registryAccess } from './registry-access.ts';

const DEFAULT_LIMIT = 25;
const ALL_TAGS = Number.POSITIVE_INFINITY;
const LONGEST_DESCRIPTION = 44;

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const [term = ''] = args;
  const engine = openEngine();
  const typedLimit = flags['limit'] as number | undefined;
  if (typedLimit !== undefined && typedLimit < 1) throw new UsageError('--limit must be at least 1');
  const filters = (flags['filter'] as string[] | undefined) ?? [];
  const access = registryAccess(flags, engine);
  const format = flags['format'] as string | undefined;
  const isJson = format?.trim() === 'json' && !asDocker;
  if (flags['listTags'] === true) {
    if (filters.length > 0) throw new UsageError('filters are not applicable to list tags result');
    const tags = await listRemoteTags(engine, term, { ...access, limit: typedLimit ?? ALL_TAGS });
    if (isJson) printLine(toJson([{ Name: term, Tags: tags }]));
    else {
      const rows = tags.map((Tag) => goStruct('images.searchReport', { Name: term, Tag }));
      print(
        formatRows(rows, {
          command: 'search',
          format,
          columns: '{{.Name}}\t{{.Tag}}',
          headings: {},
          asDocker,
        }),
      );
    }
    return 0;
  }
  const hits = await searchImages(engine, term, { ...access, filters, limit: typedLimit ?? DEFAULT_LIMIT });
  const style = { noTrunc: flags['noTrunc'] === true, asDocker };
  if (isJson) {
    printLine(toJson(hits.map(documentOf)));
    return 0;
  }
  const isLong = asDocker || flags['compatible'] === true;
  const stars = asDocker
    ? '\t{{.StarCount}}\t{{.IsOfficial}}'
    : '\t{{.Stars}}\t{{.Official}}\t{{.Automated}}';
  const rows = hits.map((hit) =>
    goStruct('images.searchReport', rowOf(hit, style), { aliases: ALIASES, json: documentOf(hit) }),
  );
  const columns = `{{.Name}}\t{{.Description}}${isLong ? stars : ''}`;
  const headings = { StarCount: 'STARS', IsOfficial: 'OFFICIAL' };
  print(formatRows(rows, { command: 'search', format, columns, headings, asDocker }));
  return 0;
};

interface Style {
  noTrunc: boolean;
  asDocker: boolean;
}

/** docker's names of the columns. */
const ALIASES = { StarCount: 'Stars', IsOfficial: 'Official', IsAutomated: 'Automated' };

function rowOf(hit: SearchHit, { noTrunc, asDocker }: Style): GoObject {
  const { Name, Description, ...rest } = documentOf(hit);
  const [name, text] = [String(Name), String(Description)];
  const isShown = noTrunc || text.length <= LONGEST_DESCRIPTION;
  return {
    ...rest,
    Name: asDocker ? name.replace(/^docker\.io\/(library\/)?/, '') : name,
    Description: isShown ? text : `${text.slice(0, LONGEST_DESCRIPTION - 3)}...`,
  };
}

function documentOf(hit: SearchHit): GoObject {
  return {
    Index: hit.registry,
    Name: `${hit.registry}/${hit.path}`,
    Description: hit.description.replace(/\s+/g, ' '),
    Stars: hit.stars,
    Official: hit.isOfficial ? '[OK]' : '',
    Automated: hit.isAutomated ? '[OK]' : '',
    Tag: '',
  };
}

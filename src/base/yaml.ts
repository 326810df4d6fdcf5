import { LineCounter, parse, parseAllDocuments, stringify, type Tags } from 'yaml';

/** A module of its own, so that only who meets a YAML file loads the parser. Throws what the parser throws. */
export function parseYaml(text: string): unknown {
  return parse(text);
}

/** Each document of a stream, empty ones left out. Aliases are bounded: a few lines cannot become gigabytes. */
export function parseYamlDocuments(text: string): unknown[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    // Pretty errors quote lines, which may hold secrets.
    prettyErrors: false,
    lineCounter: lines,
    version: '1.1',
    merge: true,
    uniqueKeys: true,
    customTags: plainTags,
    logLevel: 'silent',
  });
  if (!Array.isArray(documents)) return [];
  return documents
    .map((document) => {
      const [error] = document.errors;
      if (error !== undefined)
        throw new Error(`line ${lines.linePos(error.pos[0]).line}: ${error.message}`, { cause: error });
      return document.toJS({ maxAliasCount: 100 }) as unknown;
    })
    .filter((value) => value !== null && value !== undefined);
}

/** Keys sorted, lists not further indented than what holds them: as Kubernetes' tools write. */
export function writeYaml(value: unknown): string {
  return stringify(value, { version: '1.1', sortMapEntries: true, indentSeq: false, lineWidth: 0 });
}

/** YAML 1.1 without what Go's parsers leave out: `8080:80` is no number to the base of 60, `2024-01-01` and `y` are text. */
function plainTags(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === 'string' || tag.collection !== undefined) return [tag];
    const { test } = tag;
    if (tag.tag.endsWith(':timestamp') || ('format' in tag && tag.format === 'TIME')) return [];
    if (!tag.tag.endsWith(':bool') || test === undefined) return [tag];
    const isTrue = test.test('true');
    return [
      {
        ...tag,
        test: isTrue ? /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/ : /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/,
      },
    ];
  });
}

import { shortId } from '../../../base/ids.ts';
import { type HistoryReport, imageHistory } from '../../../engine/images.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { humanAge } from '../../../base/human-duration.ts';
import { humanSize, humanSizeSpaced } from '../../output/human-size.ts';
import { print, printLine } from '../../output/print.ts';
import { type GoObject, goStruct, toJson } from '../../output/template/go-value.ts';

const LONGEST_CREATED_BY = 45;

interface HistoryStyle {
  noTrunc: boolean;
  human: boolean;
  asDocker: boolean;
}

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const steps = await imageHistory(openEngine(), args[0] ?? '', flags['platform'] as string | undefined);
  const style = { noTrunc: flags['noTrunc'] === true, human: flags['human'] !== false, asDocker };
  const format = flags['format'] as string | undefined;
  if (flags['quiet'] === true) {
    print(steps.map((step) => `${shownId(step, style)}\n`).join(''));
  } else if (format?.trim() === 'json' && !asDocker) {
    printLine(toJson(steps.map(documentOf)));
  } else {
    print(
      formatRows(
        steps.map((step) => rowOf(step, style)),
        {
          command: 'history',
          format,
          columns: '{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}',
          headings: { ID: asDocker ? 'IMAGE' : 'ID', CreatedSince: 'CREATED' },
          asDocker,
        },
      ),
    );
  }
  return 0;
};

function rowOf(step: HistoryReport, style: HistoryStyle): GoObject {
  const { created = '0001-01-01T00:00:00Z', createdBy, comment, size, tags } = step;
  const since = style.human ? humanAge(created) : withoutFraction(created);
  const humanForm = style.asDocker ? humanSize(size, 3) : humanSizeSpaced(size);
  const cut = style.noTrunc || createdBy.length <= LONGEST_CREATED_BY;
  const fields = {
    ID: shownId(step, style),
    CreatedSince: since,
    CreatedAt: withoutFraction(created),
    CreatedBy: cut ? createdBy : `${createdBy.slice(0, LONGEST_CREATED_BY - 3)}...`,
    Size: style.human ? humanForm : String(size),
    Comment: comment,
  };
  return goStruct(
    'images.historyReporter',
    { ...fields, Tags: tags },
    { aliases: { Created: 'CreatedSince', Id: 'ID' }, json: style.asDocker ? fields : documentOf(step) },
  );
}

function documentOf(step: HistoryReport): GoObject {
  const created = step.created ?? '0001-01-01T00:00:00Z';
  return {
    id: step.id,
    created,
    CreatedBy: step.createdBy,
    ...(step.tags.length === 0 ? {} : { tags: step.tags }),
    size: step.size,
    comment: step.comment,
    Created: withoutFraction(created),
  };
}

function shownId({ id }: HistoryReport, { noTrunc }: HistoryStyle): string {
  return noTrunc || id.startsWith('<') ? id : shortId(id);
}

function withoutFraction(time: string): string {
  return time.replace(/\.\d+/, '');
}

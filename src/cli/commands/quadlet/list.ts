import { listQuadlets } from '../../../engine/list-quadlets.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';

export const run: CommandHandler = async (input) => {
  const filters = input.flags['filter'];
  const listed = await listQuadlets(Array.isArray(filters) ? filters.map(String) : []);
  const rows = listed.map((each) => ({ ...each }));
  const format = input.flags['format'];
  if (format === 'json') print(`${toJson(rows, '  ')}\n`);
  else
    print(
      formatRows(rows, {
        command: 'list',
        format: typeof format === 'string' ? format : undefined,
        columns: '{{.Name}}\t{{.UnitName}}\t{{.Path}}\t{{.Status}}\t{{.App}}',
        headings: { UnitName: 'UNIT NAME', Path: 'PATH ON DISK', App: 'APPLICATION' },
        noHeading: false,
        asDocker: false,
      }),
    );
  return 0;
};

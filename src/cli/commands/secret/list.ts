import { listSecrets } from '../../../engine/secrets.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { humanDuration } from '../../../base/human-duration.ts';
import { print } from '../../output/print.ts';
import { goStruct } from '../../output/template/go-value.ts';

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const secrets = listSecrets(openEngine(), (flags['filter'] as string[] | undefined) ?? []);
  if (flags['quiet'] === true) {
    print(secrets.map(({ id }) => `${id}\n`).join(''));
    return 0;
  }
  const age = (time: string): string => `${humanDuration(Date.now() - Date.parse(time))} ago`;
  const rows = secrets.map(({ id, name, createdAt, updatedAt, driver }) =>
    goStruct('secrets.secretListOut', {
      ID: id,
      Name: name,
      Driver: driver,
      CreatedAt: age(createdAt),
      UpdatedAt: age(updatedAt),
    }),
  );
  print(
    formatRows(rows, {
      command: 'ls',
      format: flags['format'] as string | undefined,
      columns: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}',
      headings: { CreatedAt: 'CREATED', UpdatedAt: 'UPDATED' },
      noHeading: flags['noheading'] === true,
      asDocker,
    }),
  );
  return 0;
};

import { UsageError } from '../../../base/errors.ts';
import { listVolumes } from '../../../engine/volumes.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';
import { rowOfDocker, rowOfPodman } from './volume-row.ts';

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const format = flags['format'] as string | undefined;
  if (flags['quiet'] === true && format !== undefined)
    throw new UsageError('quiet and format flags cannot be used together');
  const volumes = listVolumes(openEngine(), (flags['filter'] as string[] | undefined) ?? []);
  if (flags['quiet'] === true) {
    print(volumes.map(({ volume }) => `${volume.name}\n`).join(''));
    return 0;
  }
  const rows = volumes.map(asDocker ? rowOfDocker : rowOfPodman);
  if (format === 'json' && !asDocker) print(`${toJson(rows, '  ')}\n`);
  // podman prints no heading over nothing.
  else if (rows.length > 0 || asDocker)
    print(
      formatRows(rows, {
        command: 'ls',
        format,
        columns: '{{.Driver}}\t{{.Name}}',
        headings: { Name: 'VOLUME NAME' },
        noHeading: flags['noheading'] === true,
        asDocker,
      }),
    );
  return 0;
};

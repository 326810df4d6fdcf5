import { shortId } from '../../../base/ids.ts';
import { autoUpdate } from '../../../engine/auto-update.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';

export const run: CommandHandler = async ({ flags }, openEngine) => {
  const { reports, failures } = await autoUpdate(openEngine(), {
    authfile: flags['authfile'] as string | undefined,
    tlsVerify: flags['tlsVerify'] as boolean | undefined,
    dryRun: flags['dryRun'] === true,
    rollback: flags['rollback'] !== false,
  });
  const rows = reports.map(({ unit, containerId, containerName, image, policy, updated }) => ({
    Unit: unit,
    Container: `${shortId(containerId)} (${containerName})`,
    ContainerName: containerName,
    ContainerID: containerId,
    Image: image,
    Policy: policy,
    Updated: updated,
  }));
  const format = flags['format'];
  if (format === 'json') print(`${toJson(rows, '    ')}\n`);
  else if (rows.length > 0)
    print(
      formatRows(rows, {
        command: 'auto-update',
        format: typeof format === 'string' && format !== '' ? format : undefined,
        columns: '{{.Unit}}\t{{.Container}}\t{{.Image}}\t{{.Policy}}\t{{.Updated}}',
        headings: {},
        noHeading: false,
        asDocker: false,
      }),
    );
  if (failures.length > 0) throw new AggregateError(failures);
  return 0;
};

import { UsageError } from '../../../base/errors.ts';
import { type DiskUsage, diskUsage } from '../../../engine/disk-usage.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { humanSize } from '../../output/human-size.ts';
import { print } from '../../output/print.ts';
import { type GoObject, goStruct, toJson } from '../../output/template/go-value.ts';
import { verboseText } from './df-verbose.ts';

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const format = flags['format'] as string | undefined;
  const verbose = flags['verbose'] === true;
  if (verbose && format !== undefined) throw new UsageError('cannot combine --format and --verbose flags');
  const usage = await diskUsage(openEngine());
  if (verbose) print(verboseText(usage, asDocker));
  else {
    const rows = summaries(usage, asDocker);
    if (format === 'json' && !asDocker) print(`${toJson(rows, '    ')}\n`);
    else
      print(
        formatRows(rows, {
          command: 'df',
          format,
          columns: '{{.Type}}\t{{.Total}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
          headings: asDocker ? { Total: 'TOTAL', TotalCount: 'TOTAL' } : {},
          asDocker,
        }),
      );
  }
  return 0;
};

interface Summary {
  type: string;
  total: number;
  active: number;
  size: number;
  reclaimable: number;
}

function summaries(usage: DiskUsage, asDocker: boolean): GoObject[] {
  const { layersSize, images, containers, volumes, buildCache } = usage;
  const used = images.filter((image) => image.containers > 0);
  const running = containers.filter(({ state }) => state === 'running');
  const idle = containers.filter(({ state }) => state !== 'running');
  const rows: Summary[] = [
    {
      type: 'Images',
      total: images.length,
      active: used.length,
      size: layersSize,
      // What is shared is needed as long as one of its images is.
      reclaimable:
        images.length === used.length
          ? 0
          : layersSize - sum(used.map(({ size, sharedSize }) => size - sharedSize)),
    },
    {
      type: 'Containers',
      total: containers.length,
      active: running.length,
      size: sum(containers.map(({ size }) => size)),
      reclaimable: sum(idle.map(({ size }) => size)),
    },
    {
      type: 'Local Volumes',
      total: volumes.length,
      active: volumes.filter(({ links }) => links > 0).length,
      size: sum(volumes.map(({ size }) => size)),
      reclaimable: sum(volumes.map(({ reclaimable }) => reclaimable)),
    },
  ];
  // podman knows no such line; it is told where there is something to tell.
  if (asDocker || buildCache.total > 0)
    rows.push({ type: 'Build Cache', ...buildCache, reclaimable: buildCache.size });
  return rows.map((row) => summaryRow(row, asDocker));
}

function summaryRow({ type, total, active, size, reclaimable }: Summary, asDocker: boolean): GoObject {
  const percent = size > 0 ? Math.round((reclaimable / size) * 100) : 0;
  const fields = {
    Type: type,
    Total: total,
    Active: active,
    RawSize: size,
    RawReclaimable: reclaimable,
    TotalCount: total,
    Size: humanSize(size),
    Reclaimable: `${humanSize(reclaimable)} (${percent}%)`,
  };
  return goStruct('system.dfSummary', fields, asDocker ? { json: dockerFields(fields) } : {});
}

/** All of them strings. */
function dockerFields(fields: {
  Type: string;
  Total: number;
  Active: number;
  Size: string;
  Reclaimable: string;
}) {
  const { Type, Total, Active, Size, Reclaimable } = fields;
  return { Active: String(Active), Reclaimable, Size, TotalCount: String(Total), Type };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../../base/errors.ts';
import { podStats } from '../../../engine/pod-stats.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print, printSteering } from '../../output/print.ts';
import { type GoObject, goStruct, toJson } from '../../output/template/go-value.ts';

const INTERVAL_MS = 1000;
const CLEAR = '\u001b[H\u001b[2J';
const COLUMNS = ['Pod', 'CID', 'Name', 'CPU', 'MemUsage', 'Mem', 'NetIO', 'BlockIO', 'PIDS'] as const;
const HEADINGS = {
  CPU: 'CPU %',
  MemUsage: 'MEM USAGE/ LIMIT',
  MemUsageBytes: 'MEM USAGE/ LIMIT',
  Mem: 'MEM %',
  NetIO: 'NET IO',
  BlockIO: 'BLOCK IO',
};

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const engine = openEngine();
  const all = flags['all'] === true;
  const latest = flags['latest'] === true;
  if ([args.length > 0, all, latest].filter(Boolean).length > 1)
    throw new UsageError('--all, --latest and arguments cannot be used together');
  const isLive = flags['noStream'] !== true;
  const redraws = isLive && flags['noReset'] !== true && process.stdout.isTTY;
  const measure = podStats(engine, { names: args, all, latest });
  for (;;) {
    const rows = (await measure()).map((row) => goStruct('entities.PodStatsReport', { ...row }));
    const text = render(rows, flags['format'] as string | undefined);
    if (redraws) printSteering(CLEAR);
    print(text);
    if (!isLive) return 0;
    await delay(INTERVAL_MS);
  }
};

function render(rows: readonly GoObject[], format: string | undefined): string {
  if (format?.trim() === 'json') return `${toJson(rows, '     ')}\n`;
  const columns = COLUMNS.map((name) => `{{.${name}}}`).join('\t');
  const nothing = goStruct(
    'entities.PodStatsReport',
    Object.fromEntries(COLUMNS.map((name) => [name, '--'])),
  );
  return formatRows(rows.length === 0 && format === undefined ? [nothing] : rows, {
    command: 'stats',
    format,
    columns,
    headings: HEADINGS,
    asDocker: false,
  });
}

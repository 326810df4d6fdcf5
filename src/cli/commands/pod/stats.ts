import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../../base/errors.ts';
import { shortId } from '../../../base/ids.ts';
import { containerUsage, type ResourceUsage, statsFrom } from '../../../engine/container-stats.ts';
import type { Engine } from '../../../engine/engine.ts';
import { type ListedPod, lookAtPod } from '../../../engine/list-pods.ts';
import { getLatestPod, getPodByName, type PodRecord, settledPods } from '../../../engine/pods.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { type GoObject, goStruct, toJson } from '../../output/template/go-value.ts';
import { podmanStatsRow } from '../container/stats-row.ts';

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

export const run: CommandHandler = async (input, openEngine) => {
  const { flags } = input;
  const engine = openEngine();
  const choose = chooser(engine, input);
  const isLive = flags['noStream'] !== true;
  const redraws = isLive && flags['noReset'] !== true && process.stdout.isTTY;
  let before = new Map<string, ResourceUsage>();
  for (;;) {
    const measured: { pod: PodRecord; row: GoObject }[] = [];
    const usages = new Map<string, ResourceUsage>();
    for (const listed of await choose()) {
      for (const { id, usage, row } of measure(engine, listed, before)) {
        usages.set(id, usage);
        measured.push({ pod: listed.pod, row });
      }
    }
    const text = render(
      measured.map(({ row }) => row),
      flags['format'] as string | undefined,
    );
    print(redraws ? CLEAR + text : text);
    if (!isLive) return 0;
    before = usages;
    await delay(INTERVAL_MS);
  }
};

/** Asked anew each time: without names it is those that run. */
function chooser(engine: Engine, { args, flags }: CommandInput): () => Promise<ListedPod[]> {
  const all = flags['all'] === true;
  const latest = flags['latest'] === true;
  if ([args.length > 0, all, latest].filter(Boolean).length > 1)
    throw new UsageError('--all, --latest and arguments cannot be used together');
  return async () => {
    const pods = latest
      ? [await getLatestPod(engine)]
      : args.length > 0
        ? await Promise.all(args.map((name) => getPodByName(engine, name)))
        : await settledPods(engine);
    const listed = await Promise.all(pods.map((pod) => lookAtPod(engine, pod)));
    return listed.filter(({ status }) => latest || all || args.length > 0 || status === 'Running');
  };
}

function measure(
  engine: Engine,
  { pod, containers }: ListedPod,
  before: ReadonlyMap<string, ResourceUsage>,
): { id: string; usage: ResourceUsage; row: GoObject }[] {
  return containers.flatMap((record) => {
    const usage = containerUsage(engine, record);
    if (usage === undefined) return [];
    const stats = podmanStatsRow(statsFrom(record, usage, before.get(record.id)), {
      noTrunc: false,
      asTable: true,
    });
    return [{ id: record.id, usage, row: rowOf(pod, stats) }];
  });
}

function rowOf(pod: PodRecord, stats: GoObject): GoObject {
  return goStruct('entities.PodStatsReport', {
    CPU: stats['CPUPerc'],
    MemUsage: stats['MemUsage'],
    MemUsageBytes: stats['MemUsageBytes'],
    Mem: stats['MemPerc'],
    NetIO: stats['NetIO'],
    BlockIO: stats['BlockIO'],
    PIDS: stats['PIDS'],
    Pod: shortId(pod.id),
    CID: stats['ID'],
    Name: stats['Name'],
  });
}

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

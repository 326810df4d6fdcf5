import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../../base/errors.ts';
import {
  type ContainerStats,
  listMeasurable,
  measureContainers,
  type ResourceUsage,
} from '../../../engine/container-stats.ts';
import {
  type ContainerRecord,
  findContainer,
  latestContainer,
  listContainers,
  lookupContainer,
} from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print, printSteering, shown } from '../../output/print.ts';
import { type GoObject, toJson } from '../../output/template/go-value.ts';
import {
  DOCKER_COLUMNS,
  DOCKER_HEADINGS,
  dockerStatsRow,
  PODMAN_COLUMNS,
  PODMAN_HEADINGS,
  podmanStatsRow,
} from './stats-row.ts';

const HOME = '\u001b[H';
const CLEAR = '\u001b[H\u001b[2J';
const TO_LINE_END = '\u001b[K';
const TO_SCREEN_END = '\u001b[J';
const DOCKER_INTERVAL_MS = 1000;

export const run: CommandHandler = async (input, openEngine) => {
  const { flags, asDocker } = input;
  const seconds = Number(flags['interval'] ?? 5);
  if (seconds <= 0) throw new UsageError('invalid interval, must be a positive number greater zero');
  const engine = openEngine();
  const choose = chooser(engine, input);
  const showsRunning = input.args.length === 0 && flags['all'] !== true && flags['latest'] !== true;
  const measure = (): ContainerStats[] => {
    const stats = measureContainers(engine, choose(), before);
    return showsRunning ? stats.filter(({ usage }) => usage !== undefined) : stats;
  };
  const isLive = flags['noStream'] !== true;
  const redraws = isLive && flags['noReset'] !== true && process.stdout.isTTY;
  const pause = asDocker ? DOCKER_INTERVAL_MS : seconds * 1000;
  let before = new Map<string, ResourceUsage>();
  // docker shows the use of the last second, also when asked only once.
  if (asDocker) {
    before = usagesOf(measure());
    await delay(DOCKER_INTERVAL_MS);
  }
  const draw = redraws && !asDocker && flags['format'] === undefined ? await barsOf(input) : undefined;
  if (redraws) printSteering(CLEAR);
  for (;;) {
    const stats = measure();
    const text = draw?.(stats) ?? render(stats, input);
    if (redraws) printSteering(HOME + shown(text).replaceAll('\n', `${TO_LINE_END}\n`) + TO_SCREEN_END);
    else print(text);
    if (!isLive || (input.args.length > 0 && stats.every(({ usage }) => usage === undefined))) return 0;
    before = usagesOf(stats);
    await delay(pause);
  }
};

/** The table with bars; undefined where the terminal is too narrow for them. */
async function barsOf(
  input: CommandInput,
): Promise<(stats: readonly ContainerStats[]) => string | undefined> {
  const { withBars } = await import('./stats-bars.ts');
  const cpus = availableParallelism();
  return (stats) => {
    const text = render(stats, input, (row, each) => withBars(row, each, cpus));
    const width = Math.max(...text.split('\n').map((line) => line.length));
    return width <= process.stdout.columns ? text : undefined;
  };
}

function usagesOf(stats: readonly ContainerStats[]): Map<string, ResourceUsage> {
  return new Map(stats.flatMap(({ record, usage }) => (usage ? [[record.id, usage]] : [])));
}

/** Asked anew each time: without names, containers come and go. */
function chooser(engine: Engine, { args, flags }: CommandInput): () => ContainerRecord[] {
  const all = flags['all'] === true;
  const latest = flags['latest'] === true;
  if ([args.length > 0, all, latest].filter(Boolean).length > 1)
    throw new UsageError('--all, --latest and containers cannot be used together');
  if (latest) {
    const { id } = latestContainer(engine.db);
    return () => present(engine, [id]);
  }
  if (args.length > 0) {
    const found = args.map((name) => lookupContainer(engine.db, name));
    const ids = found.map(({ id }) => id);
    // The first time they have just been read.
    let first: ContainerRecord[] | undefined = found;
    return () => {
      const records = first ?? present(engine, ids);
      first = undefined;
      return records;
    };
  }
  return () => (all ? listContainers(engine.db) : listMeasurable(engine));
}

function present(engine: Engine, ids: readonly string[]): ContainerRecord[] {
  return ids.flatMap((id) => findContainer(engine.db, id) ?? []);
}

function render(
  stats: readonly ContainerStats[],
  { flags, asDocker }: CommandInput,
  change = (row: GoObject, _: ContainerStats): GoObject => row,
): string {
  const format = flags['format'] as string | undefined;
  const style = { noTrunc: flags['noTrunc'] === true, asTable: format === undefined };
  const rows = stats.map((each) =>
    change(asDocker ? dockerStatsRow(each, style) : podmanStatsRow(each, style), each),
  );
  if (format?.trim() === 'json' && !asDocker) return `${toJson(rows, ' ')}\n`;
  return formatRows(rows, {
    command: 'stats',
    format,
    columns: asDocker ? DOCKER_COLUMNS : PODMAN_COLUMNS,
    headings: asDocker ? DOCKER_HEADINGS : PODMAN_HEADINGS,
    asDocker,
  });
}

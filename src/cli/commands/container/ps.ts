import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../../base/errors.ts';
import { shortId } from '../../../base/ids.ts';
import type { Engine } from '../../../engine/engine.ts';
import { type ListedContainer, listContainers } from '../../../engine/list-containers.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print, printSteering } from '../../output/print.ts';
import { type GoObject, toJson } from '../../output/template/go-value.ts';
import { ContainerRow, type ContainerRowStyle } from './container-row.ts';
import { sortContainers } from './sort-containers.ts';

const CLEAR_SCREEN = '\u001b[H\u001b[2J';

export const run: CommandHandler = async (input, openEngine) => {
  checkFlags(input);
  const engine = openEngine();
  const seconds = Number(input.flags['watch'] ?? 0);
  for (;;) {
    const text = await listText(engine, input);
    if (seconds <= 0) {
      print(text);
      return 0;
    }
    printSteering(CLEAR_SCREEN);
    print(text);
    await delay(seconds * 1000);
  }
};

function checkFlags({ flags }: CommandInput): void {
  const last = Number(flags['last']);
  if (last >= 0 && flags['latest'] === true) throw new UsageError('last and latest are mutually exclusive');
  if (flags['quiet'] === true && (flags['size'] === true || flags['ns'] === true))
    throw new UsageError('quiet conflicts with size and namespace');
  if (flags['size'] === true && flags['ns'] === true)
    throw new UsageError('size and namespace options conflict');
  if (Number(flags['watch'] ?? 0) > 0 && flags['latest'] === true)
    throw new UsageError('the watch and latest flags cannot be used together');
}

async function listText(engine: Engine, { flags, asDocker }: CommandInput): Promise<string> {
  const format = flags['format'] as string | undefined;
  const last = Number(flags['last']);
  const containers = await listContainers(engine, {
    all: flags['all'] === true,
    filters: (flags['filter'] as string[] | undefined) ?? [],
    last: flags['latest'] === true ? 1 : last > 0 ? last : undefined,
    sizes: flags['size'] === true || /\.Size\b/.test(format ?? ''),
    whole: asDocker || format !== undefined,
  });
  const sorted = sortContainers(containers, String(flags['sort']), asDocker);
  const style: ContainerRowStyle = { noTrunc: flags['noTrunc'] === true, namespaces: flags['ns'] === true };
  if (flags['quiet'] === true && format === undefined)
    return sorted.map(({ record }) => `${style.noTrunc ? record.id : shortId(record.id)}\n`).join('');
  const rows = await rowsOf(sorted, style, asDocker);
  if (format?.trim() === 'json' && !asDocker) return `${toJson(rows, '  ')}\n`;
  return formatRows(rows, {
    command: 'ps',
    // The inodes are members of the row too; only so do their columns get headings.
    format: format?.replaceAll('.Namespaces.', '.'),
    columns: columns(
      { ns: flags['ns'] === true, pod: flags['pod'] === true, size: flags['size'] === true },
      asDocker,
    ),
    headings: asDocker ? DOCKER_HEADINGS : HEADINGS,
    noHeading: flags['noheading'] === true,
    asDocker,
  });
}

async function rowsOf(
  containers: readonly ListedContainer[],
  style: ContainerRowStyle,
  asDocker: boolean,
): Promise<GoObject[]> {
  const Row = asDocker ? (await import('./docker-row.ts')).DockerRow : ContainerRow;
  return containers.map((container) => new Row(container, style) as unknown as GoObject);
}

function columns(wanted: { ns: boolean; pod: boolean; size: boolean }, asDocker: boolean): string {
  if (wanted.ns)
    return '{{.ID}}\t{{.Names}}\t{{.Pid}}\t{{.Cgroup}}\t{{.IPC}}\t{{.MNT}}\t{{.NET}}\t{{.PIDNS}}\t{{.User}}\t{{.UTS}}';
  const created = asDocker ? 'RunningFor' : 'CreatedHuman';
  return [
    `{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.${created}}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}`,
    ...(wanted.pod ? ['{{.Pod}}\t{{.PodName}}'] : []),
    ...(wanted.size ? ['{{.Size}}'] : []),
  ].join('\t');
}

const HEADINGS = {
  ID: 'CONTAINER ID',
  CreatedHuman: 'CREATED',
  Cgroup: 'CGROUPNS',
  User: 'USERNS',
  PIDNS: 'PIDNS',
  IPC: 'IPC',
  MNT: 'MNT',
  NET: 'NET',
  UTS: 'UTS',
  Pod: 'POD ID',
  PodName: 'PODNAME',
};
const DOCKER_HEADINGS = { ...HEADINGS, RunningFor: 'CREATED' };

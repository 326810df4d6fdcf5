import { UsageError } from '../../../base/errors.ts';
import { type ListedPod, listPods } from '../../../engine/list-pods.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';
import { podRow } from './pod-row.ts';

export const run: CommandHandler = async ({ flags }, openEngine) => {
  const format = flags['format'] as string | undefined;
  if (flags['quiet'] === true && format !== undefined)
    throw new UsageError('quiet and format cannot be used together');
  const order = ORDERS[String(flags['sort'])];
  if (order === undefined)
    throw new UsageError('invalid option for --sort, options are: created, id, name, number, or status');
  const listed = await listPods(openEngine(), {
    filters: (flags['filter'] as string[] | undefined) ?? [],
    latest: flags['latest'] === true,
  });
  listed.sort(order);
  const noTrunc = flags['noTrunc'] === true;
  const rows = listed.map((each) => podRow(each, noTrunc));
  if (format?.trim() === 'json') print(`${toJson(rows, '  ')}\n`);
  else
    print(
      formatRows(rows, {
        command: 'ps',
        format: flags['quiet'] === true ? '{{.Id}}' : format,
        columns: columns(flags),
        headings: HEADINGS,
        noHeading: flags['noheading'] === true,
        asDocker: false,
      }),
    );
  return 0;
};

const ORDERS: Readonly<Record<string, (one: ListedPod, other: ListedPod) => number>> = {
  created: (one, other) => compare(other.pod.createdAt, one.pod.createdAt),
  id: (one, other) => compare(one.pod.id, other.pod.id),
  name: (one, other) => compare(one.pod.name, other.pod.name),
  number: (one, other) => one.containers.length - other.containers.length,
  status: (one, other) => compare(one.status, other.status),
};

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function columns(flags: FlagValues): string {
  const details = [
    ...(flags['ctrIds'] === true ? ['ContainerIds'] : []),
    ...(flags['ctrNames'] === true ? ['ContainerNames'] : []),
    ...(flags['ctrStatus'] === true ? ['ContainerStatuses'] : []),
  ];
  const names = [
    'Id',
    'Name',
    'Status',
    'Created',
    'InfraId',
    ...details,
    ...(flags['ns'] === true ? ['Cgroup', 'Namespace'] : []),
    ...(details.length === 0 ? ['NumberOfContainers'] : []),
  ];
  return names.map((name) => `{{.${name}}}`).join('\t');
}

const HEADINGS = {
  Id: 'POD ID',
  ID: 'POD ID',
  InfraId: 'INFRA ID',
  InfraID: 'INFRA ID',
  NumberOfContainers: '# OF CONTAINERS',
  ContainerIds: 'IDS',
  ContainerNames: 'NAMES',
  ContainerStatuses: 'STATUS',
  Namespace: 'NAMESPACES',
};

import { basename } from 'node:path';
import { UsageError } from '../../../base/errors.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';
import { applicationOf, listApplications } from './applications.ts';
import { ownQuadlets, systemctl } from './places.ts';

export const run: CommandHandler = (input) => {
  const { services, errors } = ownQuadlets();
  const applications = listApplications();
  const wanted = nameFilters(input.flags['filter']);
  const matches = (name: string): boolean =>
    wanted.length === 0 || wanted.some((pattern) => pattern.test(name));
  const rows = [
    ...services.map(({ source, name }) => ({
      Name: source.name,
      UnitName: name,
      Path: source.path,
      Status: statusOf(name),
      App: applicationOf(source.name, applications) ?? '',
    })),
    ...errors.map(({ path }) => ({
      Name: basename(path),
      UnitName: '',
      Path: path,
      Status: 'Invalid',
      App: applicationOf(basename(path), applications) ?? '',
    })),
  ].filter(({ Name }) => matches(Name));
  rows.sort((a, b) => (a.Name < b.Name ? -1 : 1));
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
  return Promise.resolve(0);
};

/** As podman has it: what systemd says of the unit and of what it does. */
function statusOf(unit: string): string {
  const said = systemctl('show', '--property=LoadState,ActiveState,SubState', '--', unit);
  const values = new Map(said?.split('\n').map((line) => line.split('=', 2) as [string, string]));
  return values.get('LoadState') === 'loaded'
    ? `${values.get('ActiveState')}/${values.get('SubState')}`
    : 'Not loaded';
}

/** Regular expressions, as podman's. */
function nameFilters(value: unknown): RegExp[] {
  const filters = Array.isArray(value) ? value.map(String) : [];
  return filters.map((filter) => {
    if (!filter.startsWith('name='))
      throw new UsageError(`invalid filter ${JSON.stringify(filter)}: only name= is known`);
    const pattern = filter.slice('name='.length);
    try {
      return new RegExp(pattern);
    } catch {
      throw new UsageError(`invalid filter ${JSON.stringify(filter)}: not a regular expression`);
    }
  });
}

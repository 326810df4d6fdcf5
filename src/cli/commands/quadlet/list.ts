import { UsageError } from '../../../base/errors.ts';
import type { CommandHandler } from '../../command.ts';
import { formatRows } from '../../output/format-rows.ts';
import { print } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';
import { ownQuadlets, systemctl } from './places.ts';

export const run: CommandHandler = (input) => {
  const { services, errors } = ownQuadlets();
  const wanted = nameFilters(input.flags['filter']);
  const matches = (name: string): boolean =>
    wanted.length === 0 || wanted.some((pattern) => pattern.test(name));
  const rows = [
    ...services.map(({ source, name }) => ({
      Name: source.name,
      UnitName: name,
      Path: source.path,
      Status: systemctl('is-active', name) ?? 'Not loaded',
      App: '',
    })),
    ...errors.map(({ path }) => ({
      Name: path.slice(path.lastIndexOf('/') + 1),
      UnitName: '',
      Path: path,
      Status: 'Invalid',
      App: '',
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

/** Shell patterns, as podman's. */
function nameFilters(value: unknown): RegExp[] {
  const filters = Array.isArray(value) ? value.map(String) : [];
  return filters.map((filter) => {
    if (!filter.startsWith('name='))
      throw new UsageError(`invalid filter ${JSON.stringify(filter)}: only name= is known`);
    const pattern = filter.slice('name='.length).replace(/[.+^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  });
}

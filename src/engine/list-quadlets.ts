import { basename } from 'node:path';
import { UsageError } from '../base/errors.ts';
import { applicationOf, listApplications } from './quadlet-applications.ts';
import { ownQuadlets, systemctl } from './quadlet-places.ts';

/** In podman's words, for its clients and for templates. */
export interface ListedQuadlet {
  Name: string;
  /** Empty when the file is not valid. */
  UnitName: string;
  Path: string;
  /** `active/running`, `Not loaded`, `Invalid`. */
  Status: string;
  /** The list of what was installed together; empty for a single file. */
  App: string;
}

/** By name. Each of `filters` is `name=PATTERN`, a regular expression; one that matches is enough. */
export async function listQuadlets(filters: readonly string[]): Promise<ListedQuadlet[]> {
  const wanted = nameFilters(filters);
  const matches = (name: string): boolean =>
    wanted.length === 0 || wanted.some((pattern) => pattern.test(name));
  const { services, errors } = ownQuadlets();
  const applications = listApplications();
  const valid = services
    .filter(({ source }) => matches(source.name))
    .map(async ({ source, name }) => ({
      Name: source.name,
      UnitName: name,
      Path: source.path,
      Status: await statusOf(name),
      App: applicationOf(source.name, applications) ?? '',
    }));
  const invalid = errors
    .filter(({ path }) => matches(basename(path)))
    .map(({ path }) => ({
      Name: basename(path),
      UnitName: '',
      Path: path,
      Status: 'Invalid',
      App: applicationOf(basename(path), applications) ?? '',
    }));
  return [...(await Promise.all(valid)), ...invalid].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

/** As podman has it: what systemd says of the unit and of what it does. */
async function statusOf(unit: string): Promise<string> {
  const said = await systemctl('show', '--property=LoadState,ActiveState,SubState', '--', unit);
  const values = new Map(said?.split('\n').map((line) => line.split('=', 2) as [string, string]));
  return values.get('LoadState') === 'loaded'
    ? `${values.get('ActiveState')}/${values.get('SubState')}`
    : 'Not loaded';
}

function nameFilters(filters: readonly string[]): RegExp[] {
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

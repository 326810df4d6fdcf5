import { existsSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InUseError, NotFoundError, UsageError } from '../../../base/errors.ts';
import { QUADLET_TYPES } from '../../../systemd/quadlet-files.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { applicationOf, listApplications } from './applications.ts';
import { allQuadlets, findQuadlet, type FoundQuadlet } from './find-quadlet.ts';
import { installDirectory, systemctl } from './places.ts';

/** A file goes with all that was installed together with it, or not at all. */
export const run: CommandHandler = (input) => {
  const all = input.flags['all'] === true;
  if (all === input.args.length > 0) throw new UsageError('give the names of Quadlet files, or --all');
  const errors: unknown[] = [];
  const gone = new Set<string>();
  for (const name of all ? allQuadlets() : input.args) {
    if (gone.has(name)) continue;
    try {
      for (const each of removeTogether(name, input.flags['force'] === true)) gone.add(each);
    } catch (error) {
      if (!(error instanceof NotFoundError) || input.flags['ignore'] !== true) errors.push(error);
    }
  }
  if (input.flags['reloadSystemd'] !== false) systemctl('daemon-reload');
  if (errors.length > 0) throw new AggregateError(errors);
  return Promise.resolve(0);
};

/** Names of the Quadlet files that have gone. */
function removeTogether(name: string, force: boolean): string[] {
  const place = installDirectory();
  const directory = existsSync(place) ? realpathSync(place) : place;
  const applications = listApplications();
  const list = [name, `.${name}.app`].find((each) => applications.has(each));
  const asked = list === undefined ? findQuadlet(name) : undefined;
  const manifest =
    list ??
    (asked !== undefined && dirname(asked.path) === directory
      ? applicationOf(asked.name, applications)
      : undefined);
  const names = manifest === undefined ? [] : (applications.get(manifest) ?? []);
  const quadlets = [
    ...(asked === undefined ? [] : [asked]),
    ...names
      .filter((each) => each !== asked?.name && QUADLET_TYPES.test(each) && existsSync(join(directory, each)))
      .map(findQuadlet),
  ];
  for (const quadlet of quadlets) release(quadlet, force);
  for (const { path, name: file } of quadlets) {
    rmSync(path, { force: true });
    printLine(file);
  }
  for (const each of names) rmSync(join(directory, each), { force: true });
  if (manifest !== undefined) rmSync(join(directory, manifest), { force: true });
  return quadlets.map((each) => each.name);
}

function release({ name, unit }: FoundQuadlet, force: boolean): void {
  if (unit === undefined || systemctl('is-active', unit) !== 'active') return;
  if (!force)
    throw new InUseError(`Quadlet file ${name} is in use: ${unit} is running`, {
      hint: 'remove it with --force',
    });
  systemctl('stop', unit);
}

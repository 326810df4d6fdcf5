import { existsSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InUseError } from '../base/errors.ts';
import { QUADLET_TYPES } from '../systemd/quadlet-files.ts';
import { findQuadlet, type FoundQuadlet } from './find-quadlet.ts';
import { applicationOf, listApplications } from './quadlet-applications.ts';
import { installDirectory, systemctl } from './quadlet-places.ts';

export interface RemoveQuadletsOptions {
  /** Services that run are stopped first. */
  force: boolean;
  reloadSystemd: boolean;
}

export interface RemovedQuadlets {
  /** Names of the Quadlet files that have gone. */
  removed: string[];
  /** What went wrong, by the name that was given. */
  errors: Map<string, unknown>;
}

/** By the name of a file, of its service, or of what was installed together: a file goes with all of that, or not at all. */
export async function removeQuadlets(
  names: readonly string[],
  { force, reloadSystemd }: RemoveQuadletsOptions,
): Promise<RemovedQuadlets> {
  const removed = new Set<string>();
  const errors = new Map<string, unknown>();
  for (const name of names) {
    if (removed.has(name)) continue;
    try {
      for (const each of await removeTogether(name, force)) removed.add(each);
    } catch (error) {
      errors.set(name, error);
    }
  }
  if (reloadSystemd) await systemctl('daemon-reload');
  return { removed: [...removed], errors };
}

async function removeTogether(name: string, force: boolean): Promise<string[]> {
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
  for (const quadlet of quadlets) await release(quadlet, force);
  for (const { path } of quadlets) rmSync(path, { force: true });
  for (const each of names) rmSync(join(directory, each), { force: true });
  if (manifest !== undefined) rmSync(join(directory, manifest), { force: true });
  return quadlets.map((each) => each.name);
}

async function release({ name, unit }: FoundQuadlet, force: boolean): Promise<void> {
  if (unit === undefined || (await systemctl('is-active', unit)) !== 'active') return;
  if (!force)
    throw new InUseError(`Quadlet file ${name} is in use: ${unit} is running`, {
      hint: 'remove it with --force',
    });
  await systemctl('stop', unit);
}

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MonitorError } from '../base/errors.ts';

/** `<top>/bin/tspod` of a checkout, `<prefix>/bin/tspod` when installed; the launcher says which it is. */
export function ownProgram(): string {
  return process.env['_TSPOD_PROGRAM'] ?? join(installationRoot(), 'bin/tspod');
}

export function ownMonitor(): string {
  const root = installationRoot();
  const places = [join(root, 'bin/tspod-monitor'), join(root, 'lib/tspod/tspod-monitor')];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new MonitorError(`tspod-monitor is missing: looked for ${places.join(' and ')}`, {
    hint: 'build it with `npm start`, or name another monitor with --conmon',
  });
}

/** The bundle lies in `<top>/dist` or `<prefix>/lib/tspod`, the sources in `<top>/src/engine`. */
function installationRoot(): string {
  let directory = import.meta.dirname;
  for (let level = 0; level < 4; level++) {
    if (
      existsSync(join(directory, 'bin/tspod-monitor')) ||
      existsSync(join(directory, 'lib/tspod/tspod-monitor'))
    )
      return directory;
    directory = dirname(directory);
  }
  return dirname(import.meta.dirname);
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What every run needs, and the commands that start and end containers: these modules, with all that they import statically, form the
 * hot file. What they load by import() is elsewhere unless it is named here too.
 */
export function hotRoots() {
  const commands = ['run', 'create', 'start', 'exec', 'exists', 'wait', 'kill', 'stop', 'remove', 'cleanup'];
  return [
    'src/cli/dispatch.ts',
    'src/engine/engine.ts',
    ...commands.map((name) => `src/cli/commands/container/${name}.ts`),
  ];
}

/** The other commands that have to be quick, most of which show something. */
export function viewRoots(root) {
  const container = readdirSync(join(root, 'src/cli/commands/container'))
    .filter((file) => file.endsWith('.ts') && !COLD_CONTAINER_FILES.has(file))
    .map((file) => `src/cli/commands/container/${file}`);
  return [
    'src/cli/commands/index.ts',
    'src/cli/commands/image/exists.ts',
    'src/cli/commands/image/list.ts',
    'src/cli/commands/system/version.ts',
    ...container,
  ];
}

const COLD_CONTAINER_FILES = new Set([
  'copy.ts',
  'diff.ts',
  'export.ts',
  'init.ts',
  'pull-for-container.ts',
  'update.ts',
]);

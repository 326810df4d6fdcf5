import { UsageError } from '../../../base/errors.ts';
import { containerChanges, diffObject, type FileChange } from '../../../engine/container-diff.ts';
import { latestContainer } from '../../../engine/containers.ts';
import type { CommandHandler } from '../../command.ts';
import { print } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';

const LETTERS = { added: 'A', changed: 'C', deleted: 'D' } as const;

export const run: CommandHandler = async ({ args, flags, path }, openEngine) => {
  const format = flags['format'] as string | undefined;
  if (format !== undefined && format !== 'json')
    throw new UsageError('only supported value for --format is json');
  const [name, against] = args;
  const latest = flags['latest'] === true;
  if (latest === (name !== undefined)) throw new UsageError('name a container or an image, or use --latest');
  const engine = openEngine();
  const kind = path.startsWith('container ') ? 'container' : path.startsWith('image ') ? 'image' : undefined;
  const changes = await changesOf();
  if (format === 'json') print(`${toJson(grouped(changes), '     ')}\n`);
  else print(changes.map((change) => `${LETTERS[change.kind]} ${change.path}\n`).join(''));
  return 0;

  async function changesOf(): Promise<FileChange[]> {
    if (name === undefined) return containerChanges(engine, latestContainer(engine.db));
    if (against === undefined) return diffObject(engine, name, kind);
    const { diffBetween } = await import('../../../engine/diff-between.ts');
    return diffBetween(engine, [name, against], kind);
  }
};

/** A kind that did not occur is left out. */
function grouped(changes: readonly FileChange[]): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const kind of ['changed', 'added', 'deleted'] as const) {
    const paths = changes.filter((change) => change.kind === kind).map(({ path }) => path);
    if (paths.length > 0) groups[kind] = paths;
  }
  return groups;
}

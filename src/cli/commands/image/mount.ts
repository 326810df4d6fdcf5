import { UsageError } from '../../../base/errors.ts';
import type { Engine } from '../../../engine/engine.ts';
import { listMountedImages, mountImage } from '../../../engine/image-mounts.ts';
import { allImages, findImage } from '../../../engine/images.ts';
import { checkMountsAreSeen } from '../../../engine/user-mounts.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { print, printLine } from '../../output/print.ts';
import { toJson } from '../../output/template/go-value.ts';

/** Prints where; without an image it lists what is mounted. */
export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const all = flags['all'] === true;
  const format = flags['format'];
  if (all && args.length > 0)
    throw new UsageError('when using the --all switch, you may not pass any image names or IDs');
  if (typeof format === 'string' && format !== '' && format !== 'json')
    throw new UsageError(`unknown --format argument: ${JSON.stringify(format)}`);
  checkMountsAreSeen('image mount');
  const engine = openEngine();
  if (all || args.length > 0) {
    const names = all ? allImages(engine).map(({ id }) => id) : args;
    await forEachObject(names, async (name) => {
      const { image } = await findImage(engine, name);
      printLine(await mountImage(engine, image));
    });
  } else print(format === 'json' ? jsonOf(engine) : linesOf(engine));
  return 0;
};

function linesOf(engine: Engine): string {
  const rows = listMountedImages(engine).map(({ image, path }) => ({
    name: image.names.at(-1) ?? image.id,
    path,
  }));
  const width = Math.max(0, ...rows.map(({ name }) => name.length));
  return rows.map(({ name, path }) => `${name.padEnd(width)}  ${path}\n`).join('');
}

function jsonOf(engine: Engine): string {
  const documents = listMountedImages(engine).map(({ image, path }) => ({
    id: image.id,
    Names: image.repoDigests.map((name) => name.slice(name.indexOf('@') + 1)),
    Repositories: [...image.names].reverse(),
    mountpoint: path,
  }));
  return `${toJson(documents, ' ')}\n`;
}

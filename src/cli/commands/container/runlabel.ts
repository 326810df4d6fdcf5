import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { InvalidSpecError, NotFoundError, UnsupportedError } from '../../../base/errors.ts';
import { findContainer, imageFor, removeContainer } from '../../../engine/containers.ts';
import type { CreateOptions } from '../../../specgen/create-options.ts';
import { splitWords } from '../../../systemd/split-words.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { createHooks } from './create-request.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const [label = '', image = '', ...added] = input.args;
  const request = { options: accessOptions(input), image, command: [] };
  const found = await imageFor(engine, request, createHooks(engine, input));
  const text = found.image.config.config.labels?.[label];
  if (!text)
    throw new NotFoundError('image', image, {
      message: `cannot find the value of label: ${label} in image: ${image}`,
    });
  const imageName = found.name || image;
  const name = String(input.flags['name'] ?? basename(imageName).replace(/[:@].*$/, ''));
  const words = [...labelWords(text, { NAME: name, IMAGE: imageName }), ...added];
  const [program = '', ...rest] = words;
  if (input.flags['quiet'] !== true || input.flags['display'] === true)
    printLine(`command: ${words.join(' ')}`);
  if (input.flags['display'] === true) return 0;
  // What an image says is run on the host: that is for nothing but containers.
  if (!OWN_NAMES.has(program === '/proc/self/exe' ? 'tspod' : basename(program)))
    throw new UnsupportedError(
      `label ${label} of ${image} runs ${JSON.stringify(program)}: only tspod itself is run`,
      {
        hint: 'see what it is with --display, and run it yourself',
      },
    );
  const old = input.flags['replace'] === true ? findContainer(engine.db, name) : undefined;
  if (old?.name === name) await removeContainer(engine, old.id, { force: true });
  const [tspod = '', ...globals] = engine.cleanupCommand;
  const ended = spawnSync(tspod, [...globals, ...rest], { stdio: 'inherit' });
  if (ended.error !== undefined) throw ended.error;
  return ended.status ?? 125;
};

const OWN_NAMES = new Set(['podman', 'docker', 'tspod']);

function accessOptions({ flags }: CommandInput): CreateOptions {
  const options: Record<string, unknown> = {};
  for (const name of ['authfile', 'certDir', 'creds', 'tlsVerify'])
    if (flags[name] !== undefined) options[name] = flags[name];
  return options;
}

/** IMAGE and NAME stand for themselves as words, everything else by `$NAME` or `${NAME}`. */
function labelWords(text: string, names: Readonly<Record<string, string>>): string[] {
  const words = splitWords(text);
  if (words.length === 0) throw new InvalidSpecError(`the label is empty: ${JSON.stringify(text)}`);
  const expanded = (name: string): string => names[name] ?? process.env[name] ?? '';
  return words.map(
    (word) =>
      names[word] ??
      word.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) =>
        expanded(braced ?? bare ?? ''),
      ),
  );
}

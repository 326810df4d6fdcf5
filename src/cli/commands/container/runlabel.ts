import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { NotFoundError, UnsupportedError } from '../../../base/errors.ts';
import { currentDirectory } from '../../../engine/current-directory.ts';
import { findContainer, imageFor, removeContainer } from '../../../engine/containers.ts';
import type { CreateOptions } from '../../../specgen/create-options.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { programName } from '../../program-name.ts';
import { createHooks } from './create-request.ts';
import { labelWords } from './label-words.ts';

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
  const names = {
    ...process.env,
    ...optionValues(input),
    PWD: currentDirectory(),
    NAME: name,
    IMAGE: imageName,
  };
  const [program = '', ...rest] = [...labelWords(text, names), ...added];
  if (input.flags['display'] === true) {
    const shown = OWN_NAMES.has(basename(program)) ? programName() : program;
    printLine(`command: ${[shown, ...rest].join(' ')}`);
    return 0;
  }
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
  const ended = spawnSync(tspod, [...globals, ...rest], { stdio: 'inherit', env: names });
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

/** What $OPT1 to $OPT3 stand for; nothing where the option was not given, whatever the caller's environment has. */
function optionValues({ flags }: CommandInput): Record<string, string> {
  return Object.fromEntries(
    ['opt1', 'opt2', 'opt3'].map((name) => {
      const value = flags[name];
      return [name.toUpperCase(), typeof value === 'string' ? value : ''];
    }),
  );
}

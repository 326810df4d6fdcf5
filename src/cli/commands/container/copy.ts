import { UsageError } from '../../../base/errors.ts';
import { type CopyEnd, copyFiles } from '../../../engine/copy.ts';
import type { CommandHandler } from '../../command.ts';
import { printBytes } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [source = '', destination = ''] = args;
  const [from, to] = [parseEnd(source), parseEnd(destination)];
  if (from === undefined || to === undefined)
    throw new UsageError(
      `invalid arguments ${JSON.stringify(source)}, ${JSON.stringify(destination)}: you must specify paths`,
    );
  if (to.kind === 'stream' && process.stdout.isTTY)
    throw new UsageError('refusing to write an archive to a terminal', {
      hint: 'send it to a file or another program: tspod cp web:/etc - | tar t',
    });
  const engine = openEngine();
  const request = {
    from,
    to,
    followLink: flags['followLink'] === true,
    toUser: flags['archive'] === true,
    overwrite: flags['overwrite'] === true,
  };
  await copyFiles(engine, request, { input: process.stdin, output: (piece) => printBytes(1, piece) });
  return 0;
};

/** A colon behind a dot or a slash belongs to a file's name. Undefined where there is no path. */
function parseEnd(text: string): CopyEnd | undefined {
  if (text === '-') return { kind: 'stream' };
  const colon = text.indexOf(':');
  const isHost = colon <= 0 || /^[./]/.test(text);
  const path = isHost ? text : text.slice(colon + 1);
  if (path === '') return undefined;
  return isHost ? { kind: 'host', path } : { kind: 'container', name: text.slice(0, colon), path };
}

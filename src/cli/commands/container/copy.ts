import { UsageError } from '../../../base/errors.ts';
import { type CopyEnd, copyFiles } from '../../../engine/copy.ts';
import type { CommandHandler } from '../../command.ts';
import { printBytes } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const [source = '', destination = ''] = args;
  const from = parseEnd(source);
  const to = parseEnd(destination);
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

/** A colon behind a dot or a slash belongs to a file's name. */
function parseEnd(text: string): CopyEnd {
  if (text === '') throw new UsageError('neither source nor destination may be empty');
  if (text === '-') return { kind: 'stream' };
  const colon = text.indexOf(':');
  if (colon <= 0 || /^[./]/.test(text)) return { kind: 'host', path: text };
  return { kind: 'container', name: text.slice(0, colon), path: text.slice(colon + 1) || '/' };
}

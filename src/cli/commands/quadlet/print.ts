import { readFileSync } from 'node:fs';
import type { CommandHandler } from '../../command.ts';
import { print } from '../../output/print.ts';
import { findQuadlet } from '../../../engine/find-quadlet.ts';

export const run: CommandHandler = (input) => {
  print(readFileSync(findQuadlet(input.args[0] ?? '').path, 'utf8'));
  return Promise.resolve(0);
};

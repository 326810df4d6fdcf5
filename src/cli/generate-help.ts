import type { CommandRecord } from './command.ts';
import { helpFor } from './help.ts';

/** The help of the program and of each command, as kept under test/golden/help, so that a changed flag shows in the diff. */
export function helpPages(commands: readonly CommandRecord[]): { file: string; text: string }[] {
  const visible = commands.filter((record) => record.hidden !== true);
  return [[], ...visible.map((record) => (record.paths[0] ?? '').split(' '))].map((words) => ({
    file: `${['tspod', ...words].join('-')}.txt`,
    text: `${helpFor(words, commands, 'tspod', 0)}\n`,
  }));
}

import { writeFileSync } from 'node:fs';
import { InvalidSpecError, messageOf } from '../../../base/errors.ts';
import { generateSpec } from '../../../engine/generate-spec.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

export const run: CommandHandler = async ({ args, flags }, openEngine) => {
  const document = await generateSpec(openEngine(), args[0] ?? '', flags['name'] === true);
  const text = JSON.stringify(document, undefined, flags['compact'] === true ? undefined : 1);
  const file = flags['filename'];
  if (typeof file !== 'string' || file === '') printLine(text);
  else write(file, text);
  return 0;
};

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o644 });
  } catch (error) {
    throw new InvalidSpecError(`cannot write the specification to ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

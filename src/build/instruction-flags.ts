import type { ParsedInstruction } from './instruction.ts';
import { instructionError } from './source-error.ts';

export function flagValue({ flags }: ParsedInstruction, name: string): string | undefined {
  return flags.find((flag) => flag.name === name)?.value;
}

export function flagValues({ flags }: ParsedInstruction, name: string): string[] {
  return flags.filter((flag) => flag.name === name).map(({ value }) => value ?? '');
}

/** Undefined when the flag is not there. */
export function isSwitchedOn(parsed: ParsedInstruction, name: string): boolean | undefined {
  const flag = parsed.flags.find((each) => each.name === name);
  if (flag === undefined) return undefined;
  const value = (flag.value ?? 'true').toLowerCase();
  if (value !== 'true' && value !== 'false')
    throw instructionError(parsed, `--${name} is true or false, not ${JSON.stringify(flag.value)}`, {
      mark: `--${name}`,
    });
  return value === 'true';
}

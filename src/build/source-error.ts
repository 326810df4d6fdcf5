import { InvalidSpecError } from '../base/errors.ts';
import type { SourceRange, SourceText } from './instruction.ts';

export interface SourcePoint {
  text: string;
  at: SourceRange;
  /** What the caret marks, looked for in the lines of `at`; absent: the first line as a whole. */
  mark?: string | undefined;
  hint?: string | undefined;
  cause?: unknown;
}

/** Of a Containerfile: file, line, the line itself and a caret below what is wrong. */
export class ContainerfileError extends InvalidSpecError {
  override readonly code: string = 'CONTAINERFILE';
  readonly at: SourceRange;
  /** Without place and excerpt. */
  readonly reason: string;

  constructor(reason: string, { text, at, mark, hint, cause }: SourcePoint) {
    super(`${at.file}:${at.firstLine}: ${reason}${excerpt(text, at, mark)}`, {
      ...(hint === undefined ? {} : { hint }),
      cause,
    });
    this.at = at;
    this.reason = reason;
  }
}

/** About an instruction, whatever part of the build finds it wrong. */
export function instructionError(
  { source, at }: { source: SourceText; at: SourceRange },
  reason: string,
  details: { mark?: string | undefined; hint?: string | undefined; cause?: unknown } = {},
): ContainerfileError {
  return new ContainerfileError(reason, { text: source.text, at, ...details });
}

const LONGEST_EXCERPT = 160;

function excerpt(text: string, at: SourceRange, mark: string | undefined): string {
  const lines = text.split('\n').slice(at.firstLine - 1, at.lastLine);
  const found = mark === undefined || mark === '' ? -1 : lines.findIndex((line) => line.includes(mark));
  const index = Math.max(0, found);
  const line = lines[index];
  if (line === undefined || line.trim() === '') return '';
  const number = String(at.firstLine + index);
  const shown = printable(line).slice(0, LONGEST_EXCERPT);
  const marked = found < 0 ? line.trim() : (mark ?? '');
  const start = Math.max(0, line.indexOf(marked));
  const width = Math.min(marked.length, LONGEST_EXCERPT - start);
  const caret = width > 0 ? `\n${' '.repeat(number.length)} | ${' '.repeat(start)}${'^'.repeat(width)}` : '';
  return `\n${number} | ${shown}${caret}`;
}

/** Column stays column, and a hostile file cannot write to the terminal. */
function printable(line: string): string {
  return line.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

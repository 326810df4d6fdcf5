import { findHeredocs } from './heredoc.ts';
import type { Directives, Heredoc, SourceRange, SourceWarning } from './instruction.ts';
import { ContainerfileError } from './source-error.ts';
import { trimEndOf } from '../base/trim-end.ts';

/** One instruction: lines joined, comments gone, heredocs collected. */
export interface LogicalLine {
  text: string;
  heredocs: Heredoc[];
  at: SourceRange;
}

export interface LogicalLines {
  lines: LogicalLine[];
  warnings: SourceWarning[];
}

const TAKES_HEREDOCS = /^(ADD|COPY|RUN|ONBUILD\s+(ADD|COPY|RUN))\s/i;

export function readLogicalLines(text: string, file: string, directives: Directives): LogicalLines {
  const source = text.split('\n');
  // What follows the last line break is no line unless there is something in it.
  if (source.at(-1) === '') source.pop();
  const lines: LogicalLine[] = [];
  const warnings: SourceWarning[] = [];
  let next = 0;
  while (next < source.length) {
    const firstLine = next + 1;
    let { body, continues } = takeContinuation(stripComment((source[next++] ?? '').trimStart()), directives);
    if (!continues && body.trim() === '') continue;
    let emptyLine = false;
    while (continues && next < source.length) {
      const raw = source[next++] ?? '';
      if (raw.trimStart().startsWith('#')) continue;
      if (raw.trim() === '') {
        emptyLine = true;
        continue;
      }
      const more = takeContinuation(raw, directives);
      body += more.body;
      continues = more.continues;
    }
    if (body.trim() === '') continue;
    const heredocs: Heredoc[] = [];
    if (TAKES_HEREDOCS.test(body)) {
      for (const start of findHeredocs(body)) {
        const taken = takeHeredoc(source, next, start);
        if (taken === undefined)
          throw new ContainerfileError(
            `unterminated heredoc: no line ${JSON.stringify(start.name)} follows`,
            {
              text,
              at: { file, firstLine, lastLine: next },
              mark: `<<`,
            },
          );
        heredocs.push({ ...start, content: taken.content });
        next = taken.next;
      }
    }
    const at = { file, firstLine, lastLine: next };
    if (emptyLine) warnings.push({ message: 'empty line within a continued instruction', at });
    lines.push({ text: body.trim(), heredocs, at });
  }
  return { lines, warnings };
}

function stripComment(line: string): string {
  return line.startsWith('#') ? '' : line;
}

/** An escape character that is itself escaped continues nothing. */
function takeContinuation(
  raw: string,
  { escape: escaping }: Directives,
): { body: string; continues: boolean } {
  const line = trimEndOf(raw, '\r\n');
  const trimmed = trimEndOf(line, ' \t');
  const continues = trimmed.endsWith(escaping) && !trimmed.endsWith(escaping + escaping);
  return continues ? { body: trimmed.slice(0, -1), continues } : { body: line, continues };
}

function takeHeredoc(
  source: readonly string[],
  from: number,
  { name, chomp }: Omit<Heredoc, 'content'>,
): { content: string; next: number } | undefined {
  const content: string[] = [];
  for (let next = from; next < source.length; next++) {
    const line = source[next] ?? '';
    const candidate = line.replace(/\r$/, '');
    if ((chomp ? candidate.replace(/^\t+/, '') : candidate) === name)
      return { content: content.join(''), next: next + 1 };
    content.push(`${line}\n`);
  }
  return undefined;
}

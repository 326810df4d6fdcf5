export interface Entry {
  left: string;
  right: string;
}

const GAP = 3;
/** What sections of help are indented by. */
const INDENT = 2;
/** A right column narrower than this is no longer worth breaking lines for. */
const NARROWEST = 24;
/** A longer left side does not push everything to the right: its text starts on the next line. */
const WIDEST_LEFT = 46;

/** Names to the left, explanations to the right; broken to `width` columns, 0 meaning any. */
export function layOut(entries: readonly Entry[], width: number): string {
  const lengths = entries.map(({ left }) => left.length).filter((length) => length <= WIDEST_LEFT);
  const column = Math.max(0, ...lengths) + GAP;
  const room = width === 0 ? 0 : Math.max(NARROWEST, width - INDENT - column);
  return entries
    .map(({ left, right }) => {
      const [first = '', ...others] = wrap(right, room);
      return [left.padEnd(column) + first, ...others.map((line) => ' '.repeat(column) + line)]
        .map((line) => line.trimEnd())
        .join('\n');
    })
    .join('\n');
}

function wrap(text: string, room: number): string[] {
  if (room === 0 || text.length <= room) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    // A line that began with a dash would look like the next option.
    const fits = line === '' || line.length + 1 + word.length <= room || word.startsWith('-');
    if (fits) line = line === '' ? word : `${line} ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

import { isatty } from 'node:tty';

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** Whether stderr can be drawn over: a terminal, and one that knows how to move its cursor. */
export function canRedraw(): boolean {
  return isatty(2) && process.env['TERM'] !== 'dumb';
}

/** Of stderr, as it is now; a terminal that does not know its size says 0. */
export function screenSize(): { columns: number; rows: number } {
  return {
    columns: process.stderr.columns || DEFAULT_COLUMNS,
    rows: process.stderr.rows || DEFAULT_ROWS,
  };
}

/** As much of a line as fits into so many columns. */
export function fitLine(line: string, columns: number): string {
  let used = 0;
  let fitting = '';
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const { segment } of segmenter.segment(line)) {
    used += WIDE.test(segment) ? 2 : 1;
    if (used > columns) break;
    fitting += segment;
  }
  return fitting;
}

/** By what a reader sees as one character, with all its accents and joiners. */
let segmenter: Intl.Segmenter | undefined;

/** What takes two columns: pictures, and the scripts of East Asia with their full-width forms. */
const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** `forget` is called when the program goes on after Ctrl-Z: the shell has written since, and what was drawn is elsewhere. Returns how to stop that. */
export function onResume(forget: () => void): () => void {
  process.on('SIGCONT', forget);
  return () => void process.off('SIGCONT', forget);
}

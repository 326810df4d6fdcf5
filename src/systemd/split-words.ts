import { InvalidSpecError } from '../base/errors.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
};

/** Words as systemd splits them: single and double quotes anywhere, C escapes everywhere. InvalidSpecError for an open quote. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '\\') {
      const { value, length } = unescapeAt(text, at + 1);
      word = (word ?? '') + value;
      at += length;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') throw new InvalidSpecError(`a quote is not closed: ${text}`);
  if (word !== undefined) words.push(word);
  return words;
}

/** What follows a backslash; `length` is how much of the text it takes. */
function unescapeAt(text: string, at: number): { value: string; length: number } {
  const char = text[at];
  if (char === undefined) return { value: '\\', length: 0 };
  const simple = ESCAPES[char];
  if (simple !== undefined) return { value: simple, length: 1 };
  const numeric = /^(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([0-7]{3}))/i.exec(
    text.slice(at, at + 9),
  );
  if (numeric === null) return { value: char, length: 1 };
  const [all, hex, short, long, octal] = numeric;
  const code =
    octal === undefined ? Number.parseInt(hex ?? short ?? long ?? '0', 16) : Number.parseInt(octal, 8);
  return code === 0 || code > 0x10ffff
    ? { value: all, length: all.length }
    : { value: String.fromCodePoint(code), length: all.length };
}

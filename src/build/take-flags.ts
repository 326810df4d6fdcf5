import type { InstructionFlag } from './instruction.ts';

/** The `--name=value` words at the beginning, quotes and backslashes undone; `--` alone ends them. */
export function takeFlags(text: string): { flags: InstructionFlag[]; rest: string } {
  const flags: InstructionFlag[] = [];
  let position = 0;
  for (;;) {
    while (/\s/.test(text[position] ?? '')) position++;
    if (!text.startsWith('--', position)) return { flags, rest: text.slice(position).trim() };
    const { word, end } = takeWord(text, position);
    position = end;
    if (word === '--') return { flags, rest: text.slice(position).trim() };
    const equals = word.indexOf('=');
    if (equals < 0) flags.push({ name: word.slice(2), value: undefined });
    else flags.push({ name: word.slice(2, equals), value: word.slice(equals + 1) });
  }
}

function takeWord(text: string, from: number): { word: string; end: number } {
  let word = '';
  let quote = '';
  let position = from;
  for (; position < text.length; position++) {
    const char = text[position] ?? '';
    if (quote === '' && /\s/.test(char)) break;
    if (char === '\\') word += text[++position] ?? '';
    else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else word += char;
  }
  return { word, end: position };
}

/**
 * One word of a command line in a unit file. `literal`: systemd shall not expand specifiers (%h) and variables ($HOME) in it; what a
 * Quadlet file says is left to be expanded.
 */
export function execWord(text: string, options: { literal: boolean }): string {
  const plain = options.literal ? text.replaceAll('%', '%%').replaceAll('$', '$$$$') : text;
  // A lone semicolon would end the command.
  if (plain !== '' && plain !== ';' && !NEEDS_QUOTES.test(plain)) return plain;
  const escaped = plain.replace(SPECIAL, (char) => {
    const named = NAMED[char];
    return named ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

export function execLine(words: readonly string[], options: { literal: boolean }): string {
  return words.map((word) => execWord(word, options)).join(' ');
}

const NEEDS_QUOTES = /[\s"'\\\u0000-\u001f\u007f]/;
const SPECIAL = /["\\\u0000-\u001f\u007f]/g;
const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\r': '\\r',
};

import { InvalidSpecError } from '../../../base/errors.ts';

/**
 * The words of a label as podman takes them: `$NAME` and `${NAME}` are replaced everywhere, also in single quotes and behind a backslash; what
 * comes in outside of quotes may be several words, or none; quotes and backslashes are a shell's. Then IMAGE and NAME stand for
 * themselves, alone or behind an equals sign. InvalidSpecError where there are no words, or a quote is not closed.
 */
export function labelWords(text: string, names: Readonly<Record<string, string | undefined>>): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  const end = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const take = (value: string): void => {
    word = (word ?? '') + value;
  };
  const takeUnquoted = (value: string): void => {
    for (const [at, part] of value.split(/\s+/).entries()) {
      if (at > 0) end();
      if (part !== '') take(part);
    }
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    const variable = /^\\?\$(?:\{(\w+)\}|(\w+))/.exec(text.slice(at));
    if (variable !== null) {
      const value = names[variable[1] ?? variable[2] ?? ''] ?? '';
      if (quote === '') takeUnquoted(value);
      else take(value);
      at += variable[0].length - 1;
    } else if (char === '\\' && (quote === '' || (quote === '"' && /["\\]/.test(text[at + 1] ?? '')))) {
      take(text[++at] ?? '');
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else take(char);
    } else if (char === '"' || char === "'") {
      quote = char;
      take('');
    } else if (/\s/.test(char)) end();
    else take(char);
  }
  if (quote !== '') throw new InvalidSpecError(`a quote is not closed in the label: ${text}`);
  end();
  if (words.length === 0) throw new InvalidSpecError(`the label is empty: ${JSON.stringify(text)}`);
  return words.map((each) =>
    each.replace(/(^|=)(IMAGE|NAME)$/, (_, before: string, name: string) => before + (names[name] ?? '')),
  );
}

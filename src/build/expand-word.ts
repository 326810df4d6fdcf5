import { parseParameter } from './expand-parameter.ts';
import type { Cursor, Expanded, ExpandOptions, ExpandUntilOptions } from './expansion.ts';

/** Variables, quotes and escapes as BuildKit's lexer reads them; the spaces stay. Throws Error with the reason. */
export function expandWord(word: string, options: ExpandOptions): string {
  return expand(word, options).text;
}

/** As {@link expandWord}, split into words afterwards. */
export function expandWords(text: string, options: ExpandOptions): string[] {
  return expand(text, options).words;
}

function expand(text: string, options: ExpandOptions): Expanded {
  return expandUntil({ text, position: 0 }, options, undefined);
}

/** Reads up to and including `stop`; undefined: to the end. */
function expandUntil(cursor: Cursor, options: ExpandUntilOptions, stop: string | undefined): Expanded {
  const { escape: escaping, keepQuotes = false, keepEscapes = false } = options;
  const words = new WordCollector();
  let result = '';
  for (;;) {
    const char = cursor.text[cursor.position];
    if (char === undefined) {
      if (stop !== undefined) throw new Error(`missing ${JSON.stringify(stop)} at the end`);
      return { text: result, words: words.finish() };
    }
    if (char === stop) {
      cursor.position++;
      return { text: result, words: words.finish() };
    }
    if (char === '$') {
      const value = parseParameter(cursor, options, expandUntil);
      result += value;
      words.addSplitting(value);
    } else if (!keepQuotes && (char === "'" || char === '"')) {
      const value = char === "'" ? readSingleQuoted(cursor) : readDoubleQuoted(cursor, options);
      result += value;
      words.addWhole(value);
    } else if (char === escaping) {
      const escaped = cursor.text[cursor.position + 1] ?? '';
      cursor.position += 2;
      const value = keepEscapes ? escaping + escaped : escaped;
      result += value;
      words.addWhole(value);
    } else {
      cursor.position++;
      result += char;
      words.addSplitting(char);
    }
  }
}

function readSingleQuoted(cursor: Cursor): string {
  const end = cursor.text.indexOf("'", cursor.position + 1);
  if (end < 0) throw new Error('a single quote is not closed');
  const value = cursor.text.slice(cursor.position + 1, end);
  cursor.position = end + 1;
  return value;
}

function readDoubleQuoted(cursor: Cursor, options: ExpandUntilOptions): string {
  const { escape: escaping, keepEscapes = false } = options;
  cursor.position++;
  let result = '';
  for (;;) {
    const char = cursor.text[cursor.position];
    if (char === undefined) throw new Error('a double quote is not closed');
    if (char === '"') {
      cursor.position++;
      return result;
    }
    if (char === '$') {
      result += parseParameter(cursor, options, expandUntil);
      continue;
    }
    cursor.position++;
    const following = cursor.text[cursor.position];
    if (char === escaping && (following === '"' || following === '$' || following === escaping)) {
      cursor.position++;
      result += keepEscapes ? char + following : following;
    } else if (char !== escaping || following !== undefined) {
      result += char;
    }
  }
}

/** Words with their quotes still on, cut at unquoted white space; an open quote runs to the end. */
export function splitQuoted(text: string, escaping: '\\' | '`' = '\\'): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let position = 0; position < text.length; position++) {
    const char = text[position] ?? '';
    if (quote === '' && /\s/.test(char)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    if (char === escaping && quote !== "'") {
      // One at the very end escapes nothing and goes.
      if (position + 1 < text.length) word += char + (text[++position] ?? '');
      continue;
    }
    if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
    word += char;
  }
  if (word !== '') words.push(word);
  return words;
}

class WordCollector {
  #words: string[] = [];
  #word = '';

  addSplitting(text: string): void {
    for (const char of text) {
      if (!/\s/.test(char)) this.#word += char;
      else this.#end();
    }
  }

  addWhole(text: string): void {
    this.#word += text;
  }

  finish(): string[] {
    this.#end();
    return this.#words;
  }

  #end(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }
}

import { TemplateSyntaxError } from './template-error.ts';

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'field'
  | 'variable'
  | 'identifier'
  | 'string'
  | 'number'
  | 'character'
  | 'bool'
  | 'nil'
  | 'dot'
  | 'pipe'
  | 'comma'
  | 'declare'
  | 'assign'
  | 'leftParen'
  | 'rightParen'
  | 'space'
  | 'keyword'
  | 'end of file';

export interface Token {
  kind: TokenKind;
  /** As written; for text what is left of it after trimming. */
  text: string;
  at: number;
}

const KEYWORDS = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);

type Patterns = readonly (readonly [TokenKind, RegExp])[];

/** Letters are all that Unicode has. V8 takes longer to read these than all the rest of a template, and most have none but ASCII's. */
let asciiPatterns: Patterns | undefined;
let unicodePatterns: Patterns | undefined;

function patternsFor(source: string): Patterns {
  if (/^[\x00-\x7f]*$/.test(source)) {
    asciiPatterns ??= makePatterns('A-Za-z', '0-9', 'y');
    return asciiPatterns;
  }
  unicodePatterns ??= makePatterns('\\p{L}', '\\p{Nd}', 'uy');
  return unicodePatterns;
}

function makePatterns(letter: string, digit: string, flags: string): Patterns {
  const word = `[${letter}_][${letter}${digit}_]*`;
  return [
    ['space', /[ \t\r\n]+/y],
    ['field', new RegExp(`\\.${word}`, flags)],
    ['variable', new RegExp(`\\$(?:${word})?`, flags)],
    [
      'number',
      /[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y,
    ],
    ['dot', /\./y],
    ['identifier', new RegExp(word, flags)],
    ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
    ['character', /'(?:[^'\\\n]|\\(?:[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.))'/uy],
    ['declare', /:=/y],
    ['assign', /=/y],
    ['pipe', /\|/y],
    ['comma', /,/y],
    ['leftParen', /\(/y],
    ['rightParen', /\)/y],
  ];
}

/** Takes a template apart; comments vanish and `{{-`, `-}}` have done their trimming. */
export function lex(source: string, name: string): Token[] {
  const tokens: Token[] = [];
  const patterns = patternsFor(source);
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open === -1 ? source.length : open);
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, '');
    const trimsBefore = open !== -1 && /^-[ \t\r\n]/.test(source.slice(open + 2, open + 4));
    if (trimsBefore) text = text.replace(/[ \t\r\n]+$/, '');
    if (text !== '') tokens.push({ kind: 'text', text, at });
    if (open === -1) break;
    const inside = open + (trimsBefore ? 3 : 2);
    const comment = /^[ \t\r\n]*\/\*/.exec(source.slice(inside));
    if (comment !== null) {
      ({ at, trimNext } = endOfComment(source, inside + comment[0].length, name));
      continue;
    }
    tokens.push({ kind: 'open', text: '{{', at: open });
    ({ at, trimNext } = lexAction(source, inside, { name, tokens, patterns }));
  }
  tokens.push({ kind: 'end of file', text: '', at: source.length });
  return tokens;
}

function lexAction(
  source: string,
  start: number,
  { name, tokens, patterns }: { name: string; tokens: Token[]; patterns: Patterns },
): { at: number; trimNext: boolean } {
  let at = start;
  let depth = 0;
  for (;;) {
    const trims = /[ \t\r\n]/y;
    trims.lastIndex = at;
    const trimming = trims.test(source) && /^[ \t\r\n]+-\}\}/.exec(source.slice(at, at + 64));
    if (trimming || source.startsWith('}}', at)) {
      if (depth > 0) fail(source, name, at, 'unclosed left paren');
      tokens.push({ kind: 'close', text: '}}', at });
      return { at: at + (trimming ? trimming[0].length : 2), trimNext: Boolean(trimming) };
    }
    if (at >= source.length) fail(source, name, at, 'unclosed action');
    const token = nextToken(source, at, { name, patterns });
    if (token.kind === 'leftParen') depth++;
    if (token.kind === 'rightParen' && --depth < 0) fail(source, name, at, 'unexpected right paren');
    tokens.push(token);
    at += token.text.length;
  }
}

function nextToken(
  source: string,
  at: number,
  { name, patterns }: { name: string; patterns: Patterns },
): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    if (text === undefined) continue;
    // A number must not run on into letters, as in 3k.
    const after = source[at + text.length];
    if (kind === 'number' && after !== undefined && /[\p{L}\p{Nd}_]/u.test(after)) {
      fail(source, name, at, `bad number syntax: ${JSON.stringify(text + after)}`);
    }
    return { kind: kind === 'identifier' ? kindOfWord(text) : kind, text, at };
  }
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  if (character === '"') fail(source, name, at, 'unterminated quoted string');
  if (character === '`') fail(source, name, at, 'unterminated raw quoted string');
  if (character === "'") fail(source, name, at, 'unterminated character constant');
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const where = '/!@#%^&*{}[];<>?~+-:'.includes(character)
    ? 'bad character'
    : 'unrecognized character in action:';
  return fail(source, name, at, `${where} U+${code} '${character}'`);
}

function kindOfWord(word: string): TokenKind {
  if (KEYWORDS.has(word)) return 'keyword';
  if (word === 'true' || word === 'false') return 'bool';
  return word === 'nil' ? 'nil' : 'identifier';
}

function endOfComment(source: string, start: number, name: string): { at: number; trimNext: boolean } {
  const end = source.indexOf('*/', start);
  if (end === -1) fail(source, name, start, 'unclosed comment');
  const close = /^([ \t\r\n]+-)?\}\}/.exec(source.slice(end + 2));
  if (close === null) return fail(source, name, start, 'comment ends before closing delimiter');
  return { at: end + 2 + close[0].length, trimNext: close[1] !== undefined };
}

function fail(source: string, name: string, at: number, reason: string): never {
  throw new TemplateSyntaxError(`template: ${name}:${lineOf(source, at)}: ${reason}`);
}

export function lineOf(source: string, at: number): number {
  let line = 1;
  for (let i = source.indexOf('\n'); i !== -1 && i < at; i = source.indexOf('\n', i + 1)) line++;
  return line;
}

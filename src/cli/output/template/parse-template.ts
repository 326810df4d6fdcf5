import { functionNames } from './functions.ts';
import { lex, lineOf, type Token, type TokenKind } from './lex.ts';
import type { Command, Node, Operand, Pipe, Template } from './nodes.ts';
import { TemplateSyntaxError } from './template-error.ts';
import { unquote } from './unquote.ts';

interface State {
  name: string;
  source: string;
  tokens: Token[];
  next: number;
  variables: string[];
  loops: number;
  defined: Map<string, Node[]>;
}

/** Parses a template; `name` is what errors call it (the command). Throws TemplateSyntaxError. */
export function parseTemplate(source: string, name: string): Template {
  const tokens = lex(source, name);
  const state: State = { name, source, tokens, next: 0, variables: ['$'], loops: 0, defined: new Map() };
  const { nodes, ending } = parseList(state);
  if (ending !== 'end of file') fail(state, peek(state), `unexpected {{${ending}}}`);
  return { name, source, body: nodes, defined: state.defined };
}

type Ending = 'end' | 'else' | 'end of file';

/** Nodes up to the `{{end}}` or `{{else` that closes the list; of `{{else` the keyword is consumed, of `{{end}}` everything. */
function parseList(state: State): { nodes: Node[]; ending: Ending } {
  const nodes: Node[] = [];
  for (;;) {
    const token = take(state);
    if (token.kind === 'end of file') return { nodes, ending: 'end of file' };
    if (token.kind === 'text') {
      nodes.push({ kind: 'text', text: token.text });
      continue;
    }
    skipSpace(state);
    const word = peek(state);
    if (word.kind !== 'keyword') {
      nodes.push({ kind: 'action', pipe: parsePipe(state, 'command', 'close') });
      continue;
    }
    take(state);
    if (word.text === 'end') {
      expectClose(state, 'end');
      return { nodes, ending: 'end' };
    }
    if (word.text === 'else') return { nodes, ending: 'else' };
    const node = parseKeyword(state, word);
    if (node !== undefined) nodes.push(node);
  }
}

function parseKeyword(state: State, word: Token): Node | undefined {
  switch (word.text) {
    case 'if':
    case 'with':
    case 'range':
      return parseControl(state, word.text);
    case 'break':
    case 'continue':
      expectClose(state, word.text);
      if (state.loops === 0) fail(state, word, `{{${word.text}}} outside {{range}}`);
      return { kind: word.text };
    case 'template':
      return parseCall(state, word);
    default:
      return parseDefinition(state, word);
  }
}

function parseControl(state: State, kind: 'if' | 'with' | 'range'): Node {
  const depth = state.variables.length;
  const pipe = parsePipe(state, kind, 'close');
  if (kind === 'range') state.loops++;
  const { nodes: body, ending } = parseList(state);
  if (kind === 'range') state.loops--;
  const otherwise = ending === 'else' ? parseElse(state, kind) : undefined;
  if (ending === 'end of file') fail(state, peek(state), 'unexpected EOF');
  state.variables.length = depth;
  return { kind, pipe, body, otherwise };
}

/** `{{else}} … {{end}}`, or `{{else if …` which needs no `{{end}}` of its own. */
function parseElse(state: State, kind: 'if' | 'with' | 'range'): Node[] {
  skipSpace(state);
  const word = peek(state);
  if (kind !== 'range' && word.kind === 'keyword' && word.text === kind) {
    take(state);
    return [parseControl(state, kind)];
  }
  expectClose(state, 'else');
  const { nodes, ending } = parseList(state);
  if (ending === 'else') fail(state, peek(state), 'unexpected {{else}}');
  if (ending === 'end of file') fail(state, peek(state), 'unexpected EOF');
  return nodes;
}

function parseCall(state: State, word: Token): Node {
  const name = parseName(state, 'template clause');
  skipSpace(state);
  const pipe = peek(state).kind === 'close' ? undefined : parsePipe(state, 'template clause', 'close');
  if (pipe === undefined) take(state);
  return { kind: 'template', name, pipe, at: word.at, source: `{{template ${JSON.stringify(name)}}}` };
}

/** `{{define "x"}} … {{end}}`; `{{block "x" pipe}}` is that and a call of it. */
function parseDefinition(state: State, word: Token): Node | undefined {
  const name = parseName(state, `${word.text} clause`);
  let pipe: Pipe | undefined;
  if (word.text === 'block') pipe = parsePipe(state, 'block clause', 'close');
  else expectClose(state, 'define clause');
  const outer = state.variables;
  state.variables = ['$'];
  const { nodes, ending } = parseList(state);
  state.variables = outer;
  if (ending !== 'end') fail(state, peek(state), `unexpected ${ending === 'else' ? '{{else}}' : 'EOF'}`);
  state.defined.set(name, nodes);
  if (word.text === 'define') return undefined;
  return { kind: 'template', name, pipe, at: word.at, source: `{{template ${JSON.stringify(name)}}}` };
}

function parseName(state: State, context: string): string {
  skipSpace(state);
  const token = take(state);
  const name = token.kind === 'string' ? unquote(token.text) : undefined;
  return name ?? unexpected(state, token, context);
}

/** Up to and including the token of kind `end`. */
function parsePipe(state: State, context: string, end: 'close' | 'rightParen'): Pipe {
  skipSpace(state);
  const at = peek(state).at;
  const { variables, isAssignment } = parseDeclaration(state, context);
  const commands: Command[] = [];
  for (;;) {
    skipSpace(state);
    const token = peek(state);
    if (token.kind === end) {
      if (commands.length === 0) fail(state, token, `missing value for ${context}`);
      take(state);
      checkPipeline(state, commands, token);
      // Variables are known from here on, not in their own values.
      if (!isAssignment) state.variables.push(...variables);
      return { variables, isAssignment, commands, at, source: written(state, at, token.at) };
    }
    commands.push(parseCommand(state, context));
  }
}

function parseDeclaration(state: State, context: string): { variables: string[]; isAssignment: boolean } {
  const start = state.next;
  const variables: string[] = [];
  for (;;) {
    const token = peek(state);
    if (token.kind !== 'variable') break;
    take(state);
    skipSpace(state);
    const after = peek(state);
    variables.push(token.text);
    if (after.kind === 'declare' || after.kind === 'assign') {
      take(state);
      const isAssignment = after.kind === 'assign';
      if (isAssignment) for (const name of variables) checkVariable(state, name, token);
      return { variables, isAssignment };
    }
    if (after.kind !== 'comma' || context !== 'range' || variables.length > 1) break;
    take(state);
    skipSpace(state);
  }
  // It was the beginning of a value, not a declaration.
  state.next = start;
  return { variables: [], isAssignment: false };
}

function checkPipeline(state: State, commands: readonly Command[], token: Token): void {
  commands.slice(1).forEach((command, index) => {
    const [first] = command.operands;
    if (first.kind === 'constant' || first.kind === 'dot' || first.kind === 'nil') {
      fail(state, token, `non executable command in pipeline stage ${index + 2}`);
    }
  });
}

function parseCommand(state: State, context: string): Command {
  const at = peek(state).at;
  const operands: Operand[] = [];
  for (;;) {
    skipSpace(state);
    const operand = parseOperand(state);
    if (operand !== undefined) operands.push(operand);
    const token = peek(state);
    if (token.kind === 'space') continue;
    const [first, ...others] = operands;
    if (token.kind === 'pipe') {
      take(state);
      skipSpace(state);
      if (first === undefined || ['close', 'rightParen', 'pipe'].includes(peek(state).kind)) {
        fail(state, token, `missing value for ${context}`);
      }
    } else if (token.kind !== 'close' && token.kind !== 'rightParen') {
      unexpected(state, token, operand === undefined ? context : 'operand');
    }
    if (first === undefined) return fail(state, token, `missing value for ${context}`);
    return { operands: [first, ...others], at, source: written(state, at, token.at) };
  }
}

function parseOperand(state: State): Operand | undefined {
  const token = peek(state);
  const operand = parseTerm(state, token);
  if (operand === undefined) return undefined;
  const names: string[] = [];
  let at = token.at;
  while (peek(state).kind === 'field') {
    const field = take(state);
    // Errors about a chain are placed, as Go does, at its second link.
    if (names.length === 0) at = field.at;
    names.push(field.text.slice(1));
  }
  const source = written(state, token.at, peek(state).at);
  if (names.length === 0) return { ...operand, source };
  if (operand.kind === 'field') return { ...operand, names: [...operand.names, ...names], at, source };
  if (operand.kind === 'group') return { ...operand, names, at, source };
  return fail(state, token, `unexpected <${names[0] ?? ''}> after term ${JSON.stringify(operand.source)}`);
}

function parseTerm(state: State, token: Token): Operand | undefined {
  const place = { at: token.at, source: token.text };
  switch (token.kind) {
    case 'identifier':
      take(state);
      if (!functionNames.has(token.text))
        fail(state, token, `function ${JSON.stringify(token.text)} not defined`);
      return { kind: 'function', name: token.text, ...place };
    case 'dot':
      take(state);
      return { kind: 'dot', ...place };
    case 'nil':
      take(state);
      return { kind: 'nil', ...place };
    case 'variable':
      take(state);
      checkVariable(state, token.text, token);
      return { kind: 'field', variable: token.text, names: [], ...place };
    case 'field':
      take(state);
      return { kind: 'field', variable: undefined, names: [token.text.slice(1)], ...place };
    case 'leftParen':
      take(state);
      return {
        kind: 'group',
        pipe: parsePipe(state, 'parenthesized pipeline', 'rightParen'),
        names: [],
        ...place,
      };
    default:
      return parseConstant(state, token);
  }
}

function parseConstant(state: State, token: Token): Operand | undefined {
  const place = { at: token.at, source: token.text };
  if (token.kind === 'bool') {
    take(state);
    return { kind: 'constant', value: token.text === 'true', ...place };
  }
  if (token.kind === 'number') {
    take(state);
    return { kind: 'constant', value: numberOf(token.text), ...place };
  }
  if (token.kind !== 'string' && token.kind !== 'character') return undefined;
  take(state);
  const text = unquote(token.text);
  if (text === undefined) return fail(state, token, 'invalid syntax');
  const value = token.kind === 'string' ? text : (text.codePointAt(0) ?? 0);
  return { kind: 'constant', value, ...place };
}

function numberOf(text: string): number {
  const digits = text.replaceAll('_', '');
  const octal = /^([+-]?)0(\d+)$/.exec(digits);
  if (octal !== null) return Number(`0o${octal[2]}`) * (octal[1] === '-' ? -1 : 1);
  const signed = /^([+-])(0[xXbBoO].*)$/.exec(digits);
  return signed === null ? Number(digits) : Number(signed[2]) * (signed[1] === '-' ? -1 : 1);
}

function checkVariable(state: State, name: string, token: Token): void {
  if (!state.variables.includes(name)) fail(state, token, `undefined variable ${JSON.stringify(name)}`);
}

function expectClose(state: State, context: string): void {
  skipSpace(state);
  const token = take(state);
  if (token.kind !== 'close') unexpected(state, token, context);
}

function peek(state: State): Token {
  return state.tokens[state.next] ?? { kind: 'end of file' as TokenKind, text: '', at: state.source.length };
}

function take(state: State): Token {
  const token = peek(state);
  state.next++;
  return token;
}

function skipSpace(state: State): void {
  while (peek(state).kind === 'space') state.next++;
}

function written(state: State, from: number, to: number): string {
  return state.source
    .slice(from, to)
    .replace(/[ \t\r\n]+/g, ' ')
    .trim();
}

function unexpected(state: State, token: Token, context: string): never {
  const what =
    token.kind === 'end of file'
      ? 'EOF'
      : token.kind === 'keyword'
        ? `<${token.text}>`
        : JSON.stringify(token.text);
  return fail(state, token, `unexpected ${what} in ${context}`);
}

function fail(state: State, token: Token, reason: string): never {
  throw new TemplateSyntaxError(`template: ${state.name}:${lineOf(state.source, token.at)}: ${reason}`);
}

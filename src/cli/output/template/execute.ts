import { FunctionError } from './compare.ts';
import { type FunctionTable, functions } from './functions.ts';
import { printed } from './go-print.ts';
import { GoDuration } from './go-duration-value.ts';
import { GoTime } from './go-time-value.ts';
import { entriesOf, fieldOf, isMap, isObject, isTrue, typeName } from './go-value.ts';
import { lineOf } from './lex.ts';
import type { Command, Node, Operand, Pipe, Template } from './nodes.ts';
import { TemplateExecError } from './template-error.ts';

interface Variable {
  name: string;
  value: unknown;
}

interface State {
  template: Template;
  functions: FunctionTable;
  /** Of the body that runs: the template's own, or that of a define. */
  name: string;
  variables: Variable[];
  output: string[];
  depth: number;
}

type Outcome = 'next' | 'break' | 'continue';

/** A piece of the template that an error is about. */
interface Place {
  at: number;
  source: string;
}

const DEEPEST_CALL = 1000;
const LONGEST_CONTEXT = 20;

/** The text that the template makes of `data`; `replaced` functions go before the usual ones. Throws TemplateExecError, as Go words it. */
export function executeTemplate(template: Template, data: unknown, replaced?: FunctionTable): string {
  const state: State = {
    template,
    functions: replaced === undefined ? functions : { ...functions, ...replaced },
    name: template.name,
    variables: [{ name: '$', value: data }],
    output: [],
    depth: 0,
  };
  runList(state, template.body, data);
  return state.output.join('');
}

function runList(state: State, nodes: readonly Node[], dot: unknown): Outcome {
  for (const node of nodes) {
    const outcome = runNode(state, node, dot);
    if (outcome !== 'next') return outcome;
  }
  return 'next';
}

function runNode(state: State, node: Node, dot: unknown): Outcome {
  switch (node.kind) {
    case 'text':
      state.output.push(node.text);
      return 'next';
    case 'action': {
      const value = evaluatePipe(state, node.pipe, dot);
      if (node.pipe.variables.length === 0) state.output.push(printed(value));
      return 'next';
    }
    case 'template':
      return callTemplate(state, node, dot);
    case 'range':
      return runRange(state, node, dot);
    case 'if':
    case 'with': {
      const mark = state.variables.length;
      const value = evaluatePipe(state, node.pipe, dot);
      const inner = node.kind === 'with' ? value : dot;
      const outcome = isTrue(value)
        ? runList(state, node.body, inner)
        : runList(state, node.otherwise ?? [], dot);
      state.variables.length = mark;
      return outcome;
    }
    default:
      return node.kind;
  }
}

function runRange(
  state: State,
  node: Extract<Node, { kind: 'if' | 'with' | 'range' }>,
  dot: unknown,
): Outcome {
  const mark = state.variables.length;
  const value = evaluatePipe(state, { ...node.pipe, variables: [] }, dot);
  const items = itemsOf(state, value, node.pipe);
  for (const [key, item] of items) {
    bindRange(state, node.pipe, key, item);
    const outcome = runList(state, node.body, item);
    state.variables.length = mark;
    if (outcome === 'break') return 'next';
  }
  return items.length === 0 ? runList(state, node.otherwise ?? [], dot) : 'next';
}

function itemsOf(state: State, value: unknown, pipe: Pipe): [unknown, unknown][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item, index) => [index, item]);
  if (isMap(value)) return entriesOf(value);
  if (typeof value === 'number' && Number.isInteger(value)) {
    return Array.from({ length: Math.max(0, value) }, (_, index) => [index, index]);
  }
  return fail(state, pipe, `range can't iterate over ${printed(value)}`);
}

/** One variable gets the element, of two the first gets the index. */
function bindRange(state: State, pipe: Pipe, key: unknown, item: unknown): void {
  const [first, second] = pipe.variables;
  if (first === undefined) return;
  const pairs: Variable[] =
    second === undefined
      ? [{ name: first, value: item }]
      : [
          { name: first, value: key },
          { name: second, value: item },
        ];
  for (const pair of pairs) {
    if (pipe.isAssignment) assign(state, pair);
    else state.variables.push(pair);
  }
}

function callTemplate(state: State, node: Extract<Node, { kind: 'template' }>, dot: unknown): Outcome {
  const body = state.template.defined.get(node.name);
  if (body === undefined) return fail(state, node, `template ${JSON.stringify(node.name)} not defined`);
  if (state.depth >= DEEPEST_CALL)
    return fail(state, node, `exceeded maximum template depth (${DEEPEST_CALL})`);
  const data = node.pipe === undefined ? undefined : evaluatePipe(state, node.pipe, dot);
  const inner: State = {
    ...state,
    name: node.name,
    variables: [{ name: '$', value: data }],
    depth: state.depth + 1,
  };
  runList(inner, body, data);
  return 'next';
}

function evaluatePipe(state: State, pipe: Pipe, dot: unknown): unknown {
  let value: unknown;
  let piped: readonly unknown[] = NOTHING;
  for (const command of pipe.commands) {
    value = evaluateCommand(state, command, dot, piped);
    piped = [value];
  }
  for (const name of pipe.variables) {
    if (pipe.isAssignment) assign(state, { name, value });
    else state.variables.push({ name, value });
  }
  return value;
}

function assign(state: State, { name, value }: Variable): void {
  const variable = state.variables.findLast((each) => each.name === name);
  if (variable !== undefined) variable.value = value;
}

const NOTHING: readonly unknown[] = [];

/** `piped` holds the value of the stage before, which becomes the last argument. */
function evaluateCommand(state: State, command: Command, dot: unknown, piped: readonly unknown[]): unknown {
  const [first] = command.operands;
  // Nearly all that there is in the rows of a table.
  if (first.kind === 'field' && command.operands.length === 1 && piped.length === 0)
    return evaluateField(state, first, dot, undefined);
  const rest = command.operands.slice(1);
  if (first.kind === 'function') return callFunction(state, { command, name: first.name, rest, piped }, dot);
  if (first.kind === 'field' && first.names.length > 0) {
    const lazyArgs = (): unknown[] => [...rest.map((operand) => evaluate(state, operand, dot)), ...piped];
    return evaluateField(state, first, dot, rest.length + piped.length === 0 ? undefined : lazyArgs);
  }
  if (rest.length + piped.length > 0) {
    return fail(state, first, `can't give argument to non-function ${first.source}`);
  }
  return evaluate(state, first, dot);
}

interface FunctionCall {
  command: Command;
  name: string;
  rest: readonly Operand[];
  piped: readonly unknown[];
}

function callFunction(state: State, { command, name, rest, piped }: FunctionCall, dot: unknown): unknown {
  const count = rest.length + piped.length;
  if (name === 'and' || name === 'or') {
    if (count === 0) return fail(state, command, `wrong number of args for ${name}: want at least 1 got 0`);
    let value: unknown;
    for (const operand of rest) {
      value = evaluate(state, operand, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }
  const called = state.functions[name];
  if (called === undefined) return fail(state, command, `${JSON.stringify(name)} is not a defined function`);
  const { min, max } = called;
  if (count < min || count > max) {
    const wanted = max === Number.POSITIVE_INFINITY ? `at least ${min}` : String(count < min ? min : max);
    return fail(state, command, `wrong number of args for ${name}: want ${wanted} got ${count}`);
  }
  const args = [...rest.map((operand) => evaluate(state, operand, dot)), ...piped];
  try {
    return called.call(args);
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    return fail(state, command, `error calling ${name}: ${error.message}`);
  }
}

function evaluate(state: State, operand: Operand, dot: unknown): unknown {
  switch (operand.kind) {
    case 'dot':
      return dot;
    case 'nil':
      return null;
    case 'constant':
      return operand.value;
    case 'function':
      return callFunction(
        state,
        {
          command: { operands: [operand], at: operand.at, source: operand.source },
          name: operand.name,
          rest: [],
          piped: [],
        },
        dot,
      );
    case 'field':
      return evaluateField(state, operand, dot, undefined);
    default: {
      const value = evaluatePipe(state, operand.pipe, dot);
      return walk(state, operand, value, { names: operand.names, args: undefined });
    }
  }
}

function evaluateField(
  state: State,
  operand: Extract<Operand, { kind: 'field' }>,
  dot: unknown,
  args: (() => unknown[]) | undefined,
): unknown {
  const { variable, names } = operand;
  const start =
    variable === undefined ? dot : state.variables.findLast((each) => each.name === variable)?.value;
  return walk(state, operand, start, { names, args });
}

interface Chain {
  names: readonly string[];
  /** For the last link, which then has to be a method. */
  args: (() => unknown[]) | undefined;
}

function walk(state: State, place: Place, start: unknown, { names, args }: Chain): unknown {
  let value = start;
  for (const [index, name] of names.entries()) {
    const last = index === names.length - 1;
    value = link(state, place, value, name);
    if (typeof value === 'function') value = value(...(last && args !== undefined ? args() : []));
    else if (last && args !== undefined) {
      fail(state, place, `${name} has arguments but cannot be invoked as function`);
    }
  }
  return value;
}

function link(state: State, place: Place, value: unknown, name: string): unknown {
  if (value === undefined) return fail(state, place, `nil data; no entry for key ${JSON.stringify(name)}`);
  if (value === null) return fail(state, place, `nil pointer evaluating interface {}.${name}`);
  if (isObject(value)) {
    const { found, value: item } = fieldOf(value, name);
    if (found) return item;
    if (isMap(value)) return undefined;
  }
  const method = value instanceof GoTime || value instanceof GoDuration ? value.method(name) : undefined;
  if (method !== undefined) return method;
  return fail(state, place, `can't evaluate field ${name} in type ${typeName(value)}`);
}

function fail(state: State, { at, source }: Place, reason: string): never {
  const { template } = state;
  const column = at - (template.source.lastIndexOf('\n', at - 1) + 1);
  const context = source.length > LONGEST_CONTEXT ? `${source.slice(0, LONGEST_CONTEXT)}...` : source;
  throw new TemplateExecError(
    `template: ${template.name}:${lineOf(template.source, at)}:${column}: executing ${JSON.stringify(state.name)} at <${context}>: ${reason}`,
  );
}

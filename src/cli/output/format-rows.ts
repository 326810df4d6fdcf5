import { keepControls } from './print.ts';
import { alignTabs, DOCKER_TABLE, PODMAN_TABLE } from './table.ts';
import { executeTemplate } from './template/execute.ts';
import type { FunctionTable } from './template/functions.ts';
import { type GoObject, goMap, toJson } from './template/go-value.ts';
import type { Node, Operand, Pipe, Template } from './template/nodes.ts';
import { parseTemplate } from './template/parse-template.ts';

export interface RowFormat {
  /** The command's name, for errors in the template. */
  command: string;
  /** `--format` as given. */
  format: string | undefined;
  /** What is shown without one: cells separated by tabs, e.g. `{{.ID}}\t{{.Names}}`. */
  columns: string;
  /** Headings that are not just the field's name in capitals. */
  headings: Readonly<Record<string, string>>;
  noHeading?: boolean;
  /** docker prints one JSON object a line where podman prints an array. */
  asDocker: boolean;
}

const JSON_INDENT = '    ';

/** The text of a list for stdout: a table, an array of JSON, or a template's output for each row. */
export function formatRows(rows: readonly GoObject[], options: RowFormat): string {
  const { command, format } = options;
  if (format?.trim() === 'json') {
    if (!options.asDocker) return `${toJson(rows, JSON_INDENT)}\n`;
    return rows.map((row) => `${toJson(row)}\n`).join('');
  }
  if (format === undefined || format.trim() === 'table' || format === '') {
    return formatTable(rows, `${options.columns}\n`, options);
  }
  keepOwnControls(format);
  const text = withLineEnd(withEscapes(format.replace(/^table /, '')));
  if (format.startsWith('table '))
    return formatTable(rows, options.asDocker ? text : cellsFromBlanks(text), options);
  const template = parseTemplate(text, command);
  if (/^\{\{-?\s*range\s+\.\s*-?\}\}/.test(text)) return executeTemplate(template, rows);
  return rows.map((row) => executeTemplate(template, row)).join('');
}

/** One object by `--format`; `json` and nothing at all are the caller's. */
export function formatObject(data: unknown, format: string, command: string): string {
  keepOwnControls(format);
  return executeTemplate(parseTemplate(withLineEnd(withEscapes(format)), command), data);
}

/** Colours: as they are, or as a literal in an action writes them. */
function keepOwnControls(format: string): void {
  if (/[\x00-\x08\x0b-\x1f]|\\(?:x1b|033|u001b)/i.test(format)) keepControls();
}

function formatTable(rows: readonly GoObject[], text: string, options: RowFormat): string {
  const template = parseTemplate(text, options.command);
  const lines = rows.map((row) => executeTemplate(template, row));
  if (options.noHeading !== true) {
    lines.unshift(executeTemplate(template, headingRow(template, options.headings), HEADING_FUNCTIONS));
  }
  return alignTabs(lines.join(''), options.asDocker ? DOCKER_TABLE : PODMAN_TABLE);
}

const unchanged = { min: 1, max: Number.POSITIVE_INFINITY, call: ([value]: unknown[]) => value };
/** In the heading line, what would take a value apart passes the heading on. */
const HEADING_FUNCTIONS: FunctionTable = {
  json: unchanged,
  join: unchanged,
  split: unchanged,
  truncate: unchanged,
  len: unchanged,
  index: unchanged,
  slice: unchanged,
};

/** A row whose fields are headings: for every field that the template mentions. */
function headingRow(template: Template, headings: Readonly<Record<string, string>>): GoObject {
  const row: GoObject = {};
  for (const names of fieldsIn(template.body)) {
    const last = names.at(-1) ?? '';
    const text = (names.length === 1 ? headings[last] : undefined) ?? headingOf(last);
    const [first = '', ...inner] = names;
    row[first] = inner.reduceRight<unknown>((value, name) => goMap({ [name]: value }), text);
  }
  return goMap(row);
}

/** `CreatedAt` is headed `CREATED AT`. */
function headingOf(field: string): string {
  return field.replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3 $2$4').toUpperCase();
}

function fieldsIn(nodes: readonly Node[]): string[][] {
  return nodes.flatMap((node) => {
    if (node.kind === 'action') return fieldsOfPipe(node.pipe);
    if (node.kind === 'if' || node.kind === 'with') {
      return [...fieldsOfPipe(node.pipe), ...fieldsIn(node.body), ...fieldsIn(node.otherwise ?? [])];
    }
    return node.kind === 'range' ? fieldsOfPipe(node.pipe) : [];
  });
}

function fieldsOfPipe(pipe: Pipe): string[][] {
  return pipe.commands.flatMap((command) => command.operands.flatMap(fieldsOfOperand));
}

function fieldsOfOperand(operand: Operand): string[][] {
  if (operand.kind === 'group') return fieldsOfPipe(operand.pipe);
  return operand.kind === 'field' && (operand.variable ?? '$') === '$' && operand.names.length > 0
    ? [operand.names]
    : [];
}

/** `\t` and `\n` typed in a shell's single quotes mean tab and line end; string literals in actions have their own. */
function withEscapes(format: string): string {
  return outsideActions(format, (text) => text.replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
}

/** In podman's table formats blanks separate columns, in docker's only tabs do. */
function cellsFromBlanks(format: string): string {
  return outsideActions(format, (text) => text.replaceAll(' ', '\t'));
}

function outsideActions(format: string, change: (text: string) => string): string {
  return format.replace(/(\{\{.*?\}\})|((?:(?!\{\{).)+)/gs, (_, action?: string, text?: string) =>
    action === undefined ? change(text ?? '') : action,
  );
}

function withLineEnd(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

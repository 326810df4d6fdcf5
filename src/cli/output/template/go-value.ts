/**
 * How the values that templates see stand for Go's. A struct has a fixed set of fields: asking for another one is an error.
 * A map has whatever keys it has: a missing one is simply not there. Plain objects are structs unless they look like maps: mark with
 * `goStruct` or `goMap` what matters.
 */
const TYPE = Symbol('type name');
const ALIASES = Symbol('aliases');

export interface StructOptions {
  /** Other names for fields, e.g. `{ Id: 'ID' }`: docker's and podman's spellings both resolve. */
  aliases?: Readonly<Record<string, string>>;
  /** What `json` prints in place of the fields. */
  json?: unknown;
}

export type GoObject = Record<string, unknown>;

/** Marks `fields` (getters stay lazy) as a Go struct of the named type and returns it. */
export function goStruct(typeName: string, fields: GoObject, options: StructOptions = {}): GoObject {
  Object.defineProperty(fields, TYPE, { value: typeName });
  if (options.aliases !== undefined) Object.defineProperty(fields, ALIASES, { value: options.aliases });
  if ('json' in options) Object.defineProperty(fields, 'toJSON', { value: () => options.json });
  return fields;
}

/** Lets templates reach the same fields by the names of structs that podman embeds: `.VolumeConfigResponse.Name`. Not in JSON. */
export function withEmbedded(struct: GoObject, ...names: readonly string[]): GoObject {
  for (const name of names) Object.defineProperty(struct, name, { get: () => struct, enumerable: false });
  return struct;
}

/** A map in Go's printing order; also as JSON. */
export function goMap(entries: Readonly<Record<string, unknown>> | undefined | null): GoObject {
  const map: GoObject = {};
  for (const key of Object.keys(entries ?? {}).sort()) map[key] = entries?.[key];
  Object.defineProperty(map, TYPE, { value: 'map' });
  return map;
}

export function isObject(value: unknown): value is GoObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isScalar(value);
}

/** A GoTime or GoDuration. */
function isScalar(value: object): boolean {
  return value instanceof Date || value instanceof Number;
}

/** Unmarked objects count as structs when all their keys could be exported fields. */
export function isMap(value: unknown): value is GoObject {
  if (!isObject(value)) return false;
  const type = typeMark(value);
  if (type !== undefined) return type === 'map';
  const keys = Object.keys(value);
  return keys.length === 0 || !keys.every((key) => /^[A-Z][A-Za-z0-9]*$/.test(key));
}

/** The field or alias of a struct; `found` is false when it has none of that name. */
export function fieldOf(value: GoObject, name: string): { found: boolean; value: unknown } {
  // Rows of long lists are classes marked by goStruct: their fields are getters of the prototype.
  if (Object.hasOwn(value, name) || (/^[A-Z]/.test(name) && name in value))
    return { found: true, value: value[name] };
  const aliased = (value as { [ALIASES]?: Readonly<Record<string, string>> })[ALIASES]?.[name];
  if (aliased !== undefined) return { found: true, value: value[aliased] };
  return { found: false, value: undefined };
}

/** Fields of a struct that its JSON has too, in order; functions (methods) are not among them. */
export function entriesOf(value: GoObject): [string, unknown][] {
  const entries = Object.entries(value).filter(([, item]) => typeof item !== 'function');
  return isMap(value) ? entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) : entries;
}

/** As Go's `%T` would name it, nearly. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'bigint') return 'int64';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'function') return 'func()';
  if (value instanceof Date) return 'time.Time';
  if (value instanceof Number) return 'time.Duration';
  if (Array.isArray(value)) return value.length > 0 && value.every(isString) ? '[]string' : '[]interface {}';
  if (isMap(value))
    return Object.values(value).every(isString) ? 'map[string]string' : 'map[string]interface {}';
  return typeMark(value as GoObject) ?? 'struct';
}

/** Go template's truth: empty and zero are false, a struct is always true. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Number)
    return Number(value) !== 0;
  if (typeof value === 'string' || Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return true;
}

/** What `json` prints: compact, `<` and `>` as they are, what is absent as null. */
export function toJson(value: unknown, indent?: string): string {
  try {
    return JSON.stringify(value ?? null, undefined, indent) ?? 'null';
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Hardly any value holds a bigint, and looking at every member takes most of the time.
    const plain = (_: string, item: unknown): unknown => (typeof item === 'bigint' ? Number(item) : item);
    return JSON.stringify(value ?? null, plain, indent) ?? 'null';
  }
}

function typeMark(value: GoObject): string | undefined {
  return (value as { [TYPE]?: string })[TYPE];
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

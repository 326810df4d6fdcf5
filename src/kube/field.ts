import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { suggest } from '../base/suggest.ts';

/** A value of a document, and where it stands there: `Pod/web: spec.containers[0].image`. */
export interface Field {
  readonly path: string;
  readonly value: unknown;
}

/** Names of members, separated by spaces. */
export interface Shape {
  takes: string;
  /** They change nothing on one machine. */
  ignores?: string;
  /** Known, but not to be honoured; the reason. */
  refuses?: Readonly<Record<string, string>>;
}

export type Members = (name: string) => Field | undefined;

/** A member that is absent or null is undefined. Throws for one that is unknown or refused. */
export function membersOf(field: Field, shape: Shape): Members {
  const record = recordIn(field);
  const takes = words(shape.takes);
  const ignores = words(shape.ignores ?? '');
  const refuses = shape.refuses ?? {};
  for (const [name, value] of Object.entries(record)) {
    if (takes.includes(name) || ignores.includes(name) || isNothing(value)) continue;
    const path = pathOf(field, name);
    const reason = Object.hasOwn(refuses, name) ? refuses[name] : undefined;
    if (reason !== undefined) throw new UnsupportedError(`${path} is not supported: ${reason}`);
    const [close] = suggest(name, [...takes, ...ignores]);
    throw new InvalidSpecError(
      `${path}: unknown field`,
      close === undefined ? {} : { hint: `did you mean ${close}?` },
    );
  }
  return (name) => {
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    return value === null || value === undefined ? undefined : { path: pathOf(field, name), value };
  };
}

/**
 * Paths of members that are known and have no effect here: they are told, not refused. A member with its usual value, which tools write
 * out, is none of them.
 */
export function withoutEffect(
  members: Members,
  names: string,
  usual: Readonly<Record<string, unknown>> = {},
): string[] {
  return words(names).flatMap((name) => {
    const field = members(name);
    return field === undefined || isNothing(field.value) || field.value === usual[name] ? [] : [field.path];
  });
}

export function recordIn(field: Field): Record<string, unknown> {
  if (isRecord(field.value)) return field.value;
  throw new InvalidSpecError(`${field.path}: must be an object`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An absent list is empty. */
export function itemsOf(field: Field | undefined): Field[] {
  if (field === undefined) return [];
  if (!Array.isArray(field.value)) throw new InvalidSpecError(`${field.path}: must be a list`);
  return field.value.map((value: unknown, index) => ({ path: `${field.path}[${index}]`, value }));
}

/** Numbers and truth values without quotes are taken for their text, as podman does. */
export function textOf(field: Field | undefined): string | undefined {
  if (field === undefined) return undefined;
  const { path, value } = field;
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text !== 'string') throw new InvalidSpecError(`${path}: must be a string`);
  if (text.includes('\0')) throw new InvalidSpecError(`${path}: must not contain a zero byte`);
  return text;
}

export function requiredText(field: Field | undefined, path: string): string {
  const text = textOf(field);
  if (text === undefined || text === '') throw new InvalidSpecError(`${path}: is missing`);
  return text;
}

export function flagOf(field: Field | undefined): boolean | undefined {
  if (field === undefined) return undefined;
  if (typeof field.value !== 'boolean') throw new InvalidSpecError(`${field.path}: must be true or false`);
  return field.value;
}

export function numberOf(
  field: Field | undefined,
  [least, most]: readonly [number, number] = [0, 0x7fffffff],
): number | undefined {
  if (field === undefined) return undefined;
  const { path, value } = field;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
    throw new InvalidSpecError(`${path}: must be a whole number from ${least} to ${most}`);
  return value;
}

export function textsOf(field: Field | undefined): string[] | undefined {
  return field === undefined ? undefined : itemsOf(field).map((item) => textOf(item) ?? '');
}

/** Labels, annotations, data: names with text. */
export function pairsOf(field: Field | undefined): Record<string, string> {
  if (field === undefined) return {};
  return Object.fromEntries(
    Object.entries(recordIn(field)).map(([name, value]) => [
      name,
      textOf({ path: pathOf(field, name), value: value ?? '' }) ?? '',
    ]),
  );
}

/** One of several words. */
export function choiceOf<Word extends string>(
  field: Field | undefined,
  choices: readonly Word[],
): Word | undefined {
  const text = textOf(field);
  if (text === undefined || field === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new InvalidSpecError(`${field.path}: ${JSON.stringify(text)} is not one of ${choices.join(', ')}`);
}

export function pathOf(field: Field, name: string): string {
  const shown = /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
  return field.path.endsWith(': ') ? `${field.path}${shown}` : `${field.path}.${shown}`;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Tools write such members although they say nothing. */
function isNothing(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

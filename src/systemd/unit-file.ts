import { InvalidSpecError } from '../base/errors.ts';

export interface UnitEntry {
  key: string;
  value: string;
}

/** Sections in their order; entries of a section that comes twice are put together. */
export type UnitFile = Map<string, UnitEntry[]>;

/** systemd's syntax. InvalidSpecError names the line. */
export function parseUnit(text: string, name: string): UnitFile {
  const unit: UnitFile = new Map();
  let entries: UnitEntry[] | undefined;
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const number = at + 1;
    let line = (lines[at] ?? '').trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    while (line.endsWith('\\') && at + 1 < lines.length) {
      const next = (lines[++at] ?? '').trim();
      // Comments between the parts of a line are left out.
      if (next.startsWith('#') || next.startsWith(';')) continue;
      line = `${line.slice(0, -1).trimEnd()} ${next}`;
    }
    // Nothing follows.
    if (line.endsWith('\\')) line = line.slice(0, -1).trimEnd();
    const section = /^\[(.*)\]$/.exec(line);
    if (section !== null) {
      const title = section[1] ?? '';
      entries = unit.get(title) ?? [];
      unit.set(title, entries);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1)
      throw new InvalidSpecError(`${name}:${number}: "${line}" is neither a section nor key=value`);
    if (entries === undefined)
      throw new InvalidSpecError(`${name}:${number}: "${line}" stands before any section`);
    entries.push({ key: line.slice(0, equals).trim(), value: line.slice(equals + 1).trim() });
  }
  return unit;
}

/**
 * Values are written as they are: the caller has quoted them. A line break in one would be a new setting, a backslash at its end would
 * take the next one in.
 */
export function formatUnit(unit: UnitFile): string {
  return [...unit]
    .map(([section, entries]) => [`[${oneLine(section)}]`, ...entries.map(formatEntry)].join('\n'))
    .join('\n\n')
    .concat('\n');
}

function formatEntry({ key, value }: UnitEntry): string {
  return `${oneLine(key)}=${oneLine(value)}`;
}

function oneLine(text: string): string {
  if (/[\n\r\0]|\\$/.test(text))
    throw new InvalidSpecError(`${JSON.stringify(text)} cannot be written to a unit file`);
  return text;
}

/** All values of a key; an empty one forgets those before it. */
export function valuesOf(unit: UnitFile, section: string, key: string): string[] {
  let values: string[] = [];
  for (const entry of unit.get(section) ?? []) {
    if (entry.key !== key) continue;
    values = entry.value === '' ? [] : [...values, entry.value];
  }
  return values;
}

export function lastValue(unit: UnitFile, section: string, key: string): string | undefined {
  return valuesOf(unit, section, key).at(-1);
}

/** systemd's words for yes and no; undefined: it is not given. */
export function booleanValue(unit: UnitFile, section: string, key: string): boolean | undefined {
  const value = lastValue(unit, section, key);
  if (value === undefined) return undefined;
  if (/^(1|yes|y|true|t|on)$/i.test(value)) return true;
  if (/^(0|no|n|false|f|off)$/i.test(value)) return false;
  throw new InvalidSpecError(`${key}=${value}: must be true or false`);
}

export function addEntry(unit: UnitFile, section: string, key: string, value: string): void {
  const entries = unit.get(section) ?? [];
  unit.set(section, entries);
  entries.push({ key, value });
}

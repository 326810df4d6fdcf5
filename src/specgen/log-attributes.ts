import { InvalidSpecError } from '../base/errors.ts';
import type { ContainerSpec, LogAttributesSpec } from './container-spec.ts';
import { logTag } from './log-tag.ts';

const KEYS = {
  labels: 'labels',
  'labels-regex': 'labelsRegex',
  env: 'env',
  'env-regex': 'envRegex',
} as const satisfies Record<string, keyof LogAttributesSpec>;

/** Takes docker's `labels`, `env` and their expressions of `--log-opt`. False: the key is another one. */
export function readLogAttribute(attributes: LogAttributesSpec, key: string, value: string): boolean {
  if (!Object.hasOwn(KEYS, key)) return false;
  const member = KEYS[key as keyof typeof KEYS];
  if (member === 'labels' || member === 'env') attributes[member] = value.split(',').filter(Boolean);
  else {
    checkExpression(key, value);
    attributes[member] = value;
  }
  return true;
}

function checkExpression(key: string, value: string): void {
  try {
    new RegExp(value);
  } catch (error) {
    throw new InvalidSpecError(`invalid --log-opt ${key} ${JSON.stringify(value)}: no regular expression`, {
      cause: error,
    });
  }
}

/** What `logs --details` shows of a container: labels, variables and tag that its `--log-opt` name. */
export function logAttributes(spec: ContainerSpec, id: string): Record<string, string> {
  const { tag, attributes = {} } = spec.log;
  const variables = Object.fromEntries(
    spec.process.env.map((entry): [string, string] => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
  return {
    ...chosen(spec.labels, attributes.labels, attributes.labelsRegex),
    ...chosen(variables, attributes.env, attributes.envRegex),
    ...(tag === undefined ? {} : { tag: logTag(tag, spec, id) }),
  };
}

/** What the monitor says itself of every entry. */
const OWN_FIELDS = /^(MESSAGE|PRIORITY|SYSLOG_IDENTIFIER|CONTAINER_(ID|ID_FULL|NAME|TAG|PARTIAL_MESSAGE))$/;

/** The same for an entry of the journal, NAME=VALUE as docker names them: `com.example.team` is `COM_EXAMPLE_TEAM`. */
export function journalFields(spec: ContainerSpec, id: string): string[] {
  // A label or variable named tag is one; the tag of the log has a field already.
  const attributes = logAttributes({ ...spec, log: { ...spec.log, tag: undefined } }, id);
  const named = Object.entries(attributes).map(([key, value]): [string, string] => [
    // A field that begins with an underline, or a digit, the journal does not take from programs.
    key
      .toUpperCase()
      .replace(/[^A-Z0-9_]/g, '_')
      .replace(/^[_0-9]+/, '')
      .slice(0, LONGEST_FIELD),
    value,
  ]);
  return named
    .filter(([name]) => name !== '' && !OWN_FIELDS.test(name))
    .map(([name, value]) => `${name}=${value}`);
}

const LONGEST_FIELD = 64;

function chosen(
  all: Readonly<Record<string, string>>,
  names: readonly string[] | undefined,
  expression: string | undefined,
): Record<string, string> {
  const matches = expression ? new RegExp(expression) : undefined;
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => names?.includes(name) === true || matches?.test(name) === true),
  );
}

/** As docker writes them before a line: sorted, as in the query of an URL but with commas, and a blank. */
export function logDetails(spec: ContainerSpec, id: string): string {
  const pairs = Object.entries(logAttributes(spec, id)).sort(([one], [other]) => (one < other ? -1 : 1));
  return `${pairs.map(([key, value]) => `${escaped(key)}=${escaped(value)}`).join(',')} `;
}

/** encodeURIComponent leaves some characters alone that Go escapes. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+');
}

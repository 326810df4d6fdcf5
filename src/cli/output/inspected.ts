import { NotFoundError } from '../../base/errors.ts';
import type { CommandInput } from '../command.ts';
import { programName } from '../program-name.ts';
import { printMessage } from '../report-error.ts';
import { print } from './print.ts';
import { formatObject } from './format-rows.ts';
import { type GoTime, goTimeOf } from './template/go-time-value.ts';
import { type GoObject, goMap, goStruct, toJson } from './template/go-value.ts';

const INDENT = '     ';
const DOCKER_INDENT = '    ';
const EXIT_NOT_ALL_FOUND = 125;
const EXIT_OF_DOCKER = 1;

export interface DocumentSource {
  /** Throws NotFoundError. */
  find: (name: string) => Promise<GoObject>;
  /** The document as a template sees it. */
  templateData: (document: GoObject) => GoObject;
}

/**
 * Prints the documents of `names`: an array of JSON, or a template's output for each. What is not there is reported on stderr
 * after the array of what is; the exit code tells.
 */
export async function printInspected(
  names: readonly string[],
  { flags, asDocker }: Pick<CommandInput, 'flags' | 'asDocker'>,
  source: DocumentSource | DocumentSource['find'],
): Promise<number> {
  const { find, templateData } =
    typeof source === 'function' ? { find: source, templateData: asTemplateData } : source;
  const format = flags['format'];
  const found: GoObject[] = [];
  const missing: NotFoundError[] = [];
  for (const name of names) {
    try {
      found.push(await find(name));
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      missing.push(error);
    }
  }
  if (format === undefined || format === '' || format === 'json') {
    print(`${toJson(found, asDocker ? DOCKER_INDENT : INDENT)}\n`);
  } else {
    for (const document of found) print(formatObject(templateData(document), String(format), 'inspect'));
  }
  for (const error of missing) printMessage(error);
  if (missing.length === 0) return 0;
  return asDocker ? EXIT_OF_DOCKER : EXIT_NOT_ALL_FOUND;
}

/** Members whose keys are data, not field names: a missing key is no mistake there. */
const MAPS = new Set([
  'Annotations',
  'Containers',
  'Data',
  'Env',
  'ExposedPorts',
  'Labels',
  'Networks',
  'Options',
  'PortBindings',
  'Ports',
  'Sysctls',
  'Tmpfs',
  'Volumes',
]);

/** Members that JSON may show as null and a template takes for an empty list. */
const LISTS = new Set([
  'BoundingCaps',
  'CapAdd',
  'CapDrop',
  'Cmd',
  'CreateCommand',
  'EffectiveCaps',
  'Entrypoint',
  'Links',
  'Log',
  'OnBuild',
  'RepoDigests',
  'RepoTags',
  'VolumesFrom',
]);

/** Members that are a time.Time in podman; docker has texts there. */
const TIMES = new Set([
  'Created',
  'created',
  'CreatedAt',
  'StartedAt',
  'FinishedAt',
  'CheckpointedAt',
  'RestoredAt',
  'UpdatedAt',
]);

/** Go's nil map or slice: empty, and null as JSON. */
function nilOf<T extends object>(empty: T): T {
  return Object.defineProperty(empty, 'toJSON', { value: () => null });
}

/** Spellings that docker and podman do not share. */
const ALIASES: Readonly<Record<string, string>> = {
  ID: 'Id',
  HostIP: 'HostIp',
  ImageID: 'Image',
  OS: 'Os',
  PID: 'Pid',
  IpAddress: 'IPAddress',
};

/** The document as a template sees it: structs with fixed fields, maps where keys are free, in both spellings. */
export function asTemplateData(value: unknown, key = ''): GoObject {
  return convert(value, key) as GoObject;
}

/** What a member that is a time is to a template. */
export function timeValue(text: string): GoTime | string {
  return programName() === 'docker' ? text : (goTimeOf(text) ?? text);
}

function convert(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => convert(item, ''));
  if (value === null) return MAPS.has(key) ? nilOf(goMap({})) : LISTS.has(key) ? nilOf([]) : null;
  if (typeof value === 'string') return TIMES.has(key) ? timeValue(value) : value;
  if (typeof value !== 'object') return value;
  if (MAPS.has(key)) {
    return goMap(Object.fromEntries(Object.entries(value).map(([name, item]) => [name, convert(item, '')])));
  }
  const fields = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, convert(item, name)]));
  const capital: Record<string, string> = {};
  for (const name of Object.keys(fields)) {
    // Members that JSON writes small (history's created_by) are CreatedBy to a template.
    const exported = name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (exported !== name) capital[exported] = name;
  }
  for (const [alias, name] of Object.entries(ALIASES)) {
    if (Object.hasOwn(fields, name)) capital[alias] = name;
    else if (Object.hasOwn(fields, alias)) capital[name] = alias;
  }
  return goStruct(key === '' ? 'inspect.Data' : `inspect.${key}`, fields, { aliases: capital });
}

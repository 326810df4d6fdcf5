import { programName } from '../program-name.ts';
import { GoDuration } from './template/go-duration-value.ts';
import { type GoTime, goTimeOf } from './template/go-time-value.ts';
import { type GoObject, goMap, goStruct } from './template/go-value.ts';

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

/** Members of health checks that are a time.Duration. */
const DURATIONS = new Set(['Interval', 'Timeout', 'StartPeriod', 'StartInterval']);
const HEALTH_CHECKS = new Set(['Healthcheck', 'StartupHealthCheck']);

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
  const isHealthCheck = HEALTH_CHECKS.has(key);
  const fields = Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isHealthCheck && DURATIONS.has(name) ? new GoDuration(item) : convert(item, name),
    ]),
  );
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

import { type GoObject, goMap, goStruct } from '../../output/template/go-value.ts';

/** Go's names for members whose JSON name is not just the same with a small letter. */
const GO_NAMES: Readonly<Record<string, string>> = {
  CgroupsVersion: 'cgroupVersion',
  CPUs: 'cpus',
  CPUUtilization: 'cpuUtilization',
  DNS: 'dns',
  IDMappings: 'idMappings',
  GIDMap: 'gidmap',
  UIDMap: 'uidmap',
  OCIRuntime: 'ociRuntime',
  OS: 'os',
  Slirp4NetNS: 'slirp4netns',
  AppArmorEnabled: 'apparmorEnabled',
  DefaultCapabilities: 'capabilities',
  SECCOMPEnabled: 'seccompEnabled',
  SECCOMPProfilePath: 'seccompProfilePath',
  SELinuxEnabled: 'selinuxEnabled',
  GoVersion: 'NodeVersion',
};
const MAPS = new Set(['registries', 'graphOptions', 'graphStatus']);

/** podman's document with the names that templates use: `.Host.OCIRuntime.Name`. */
export function infoTemplateData(document: GoObject): GoObject {
  return convert(document, 'define.Info') as GoObject;
}

function convert(value: unknown, type: string): unknown {
  if (Array.isArray(value)) return value.map((item) => convert(item, type));
  if (typeof value !== 'object' || value === null) return value;
  if (MAPS.has(type)) return goMap(value as Record<string, unknown>);
  const fields: GoObject = {};
  const aliases: Record<string, string> = {};
  for (const [name, item] of Object.entries(value)) {
    fields[name] = convert(item, name);
    const capital = name.charAt(0).toUpperCase() + name.slice(1);
    if (capital !== name) aliases[capital] = name;
  }
  for (const [goName, name] of Object.entries(GO_NAMES))
    if (Object.hasOwn(fields, name)) aliases[goName] = name;
  return goStruct(type, fields, { aliases });
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import { type CdiEdits, type CdiSpec, parseCdiName, parseCdiSpec } from './cdi-spec.ts';

/**
 * What the devices (`vendor.com/class=name`) do to a container, in the order in which they were asked for; what all devices of a file
 * have in common comes first, once. A later directory's device takes the place of an earlier one's of its name. Throws NotFoundError for a device that no file has, InvalidSpecError for a file that is wrong.
 */
export async function findCdiEdits(
  names: readonly string[],
  directories: readonly string[],
): Promise<CdiEdits[]> {
  const { devices, broken } = await readDevices(directories);
  const edits: CdiEdits[] = [];
  const seen = new Set<CdiSpec>();
  for (const name of names) {
    const found = devices.get(name);
    if (found === undefined) throw unknownDevice(name, [...devices.keys()], directories, broken);
    if (found.rivals.length > 1)
      throw new InvalidSpecError(`CDI device ${name} is defined more than once: ${found.rivals.join(', ')}`);
    if (!seen.has(found.spec)) edits.push(found.spec.edits);
    seen.add(found.spec);
    edits.push(found.edits);
  }
  return edits;
}

interface FoundDevice {
  spec: CdiSpec;
  edits: CdiEdits;
  /** Files of one directory that define it. */
  rivals: string[];
}

async function readDevices(
  directories: readonly string[],
): Promise<{ devices: Map<string, FoundDevice>; broken: unknown[] }> {
  const devices = new Map<string, FoundDevice>();
  const broken: unknown[] = [];
  for (const directory of directories) {
    const here = new Map<string, FoundDevice>();
    for (const path of specFiles(directory)) {
      try {
        const spec = parseCdiSpec(await readDocument(path), path);
        for (const { name, edits } of spec.devices) {
          const key = `${spec.kind}=${name}`;
          here.set(key, { spec, edits, rivals: [...(here.get(key)?.rivals ?? []), path] });
        }
      } catch (error) {
        // It harms only those who ask for a device of it.
        broken.push(error);
      }
    }
    for (const [key, device] of here) devices.set(key, device);
  }
  return { devices, broken };
}

function specFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => /\.(json|yaml|yml)$/.test(name))
      .sort()
      .map((name) => join(directory, name));
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}

async function readDocument(path: string): Promise<unknown> {
  try {
    const text = readFileSync(path, 'utf8');
    if (path.endsWith('.json')) return JSON.parse(text) as unknown;
    const { parseYaml } = await import('../base/yaml.ts');
    return parseYaml(text);
  } catch (error) {
    throw new InvalidSpecError(`cannot read CDI specification ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function unknownDevice(
  name: string,
  known: readonly string[],
  directories: readonly string[],
  broken: readonly unknown[],
): unknown {
  const kind = parseCdiName(name)?.kind ?? name;
  const [first] = broken;
  if (first !== undefined) return first;
  const others = known.filter((each) => each.startsWith(`${kind}=`));
  return new NotFoundError('device', name, {
    message: `unresolvable CDI device ${name}: no specification in ${directories.join(' or ')} has it`,
    hint:
      others.length > 0
        ? `there are ${others.join(', ')}`
        : kind === 'nvidia.com/gpu'
          ? 'let the driver’s tool write it: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml'
          : 'the vendor’s tool writes such a file; --cdi-spec-dir names other places',
  });
}

import { ALL_CAPABILITIES, mergeCapabilities } from '../specgen/capabilities.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import { boundingCapabilities } from './host-facts.ts';
import type { Inspected } from './inspected.ts';

/** Those of the running program, or those that it would get now. Null where podman has no list. */
export function inspectCapabilities({ record, running }: Inspected): {
  bounding: string[] | null;
  effective: string[] | null;
} {
  const given = running?.process.capabilities;
  if (given !== undefined) return { bounding: orNull(given.bounding), effective: orNull(given.effective) };
  const bounding = expectedBounding(record.spec);
  return { bounding: orNull(bounding), effective: orNull(expectedEffective(record.spec, bounding)) };
}

/** What was taken from, and added to, the default set. */
export function capabilityChanges(
  spec: ContainerSpec,
  bounding: readonly string[] | null,
): { add: string[]; drop: string[] } {
  const has = new Set(bounding);
  const defaults = spec.security.privileged ? ALL_CAPABILITIES : spec.security.defaultCapabilities;
  const available = new Set(boundingCapabilities());
  return {
    add: [...has].filter((name) => !defaults.includes(name)),
    drop: defaults
      .filter((name) => !has.has(name) && (!spec.security.privileged || available.has(name)))
      .sort(),
  };
}

function expectedBounding(spec: ContainerSpec): string[] {
  const { privileged, defaultCapabilities, capAdd, capDrop } = spec.security;
  const available = boundingCapabilities();
  if (privileged) return [...available].sort();
  try {
    return mergeCapabilities({ defaults: defaultCapabilities, add: capAdd, drop: capDrop, available });
  } catch {
    // It cannot be started by this process; what was asked for is shown all the same.
    return [...new Set([...defaultCapabilities, ...capAdd])].filter((name) => !capDrop.includes(name)).sort();
  }
}

/** Another user than root has in effect only what was added by name. */
function expectedEffective(spec: ContainerSpec, bounding: readonly string[]): string[] {
  const [user = ''] = spec.process.user.split(':');
  if (user === '' || user === 'root' || user === '0') return [...bounding];
  const { capAdd } = spec.security;
  return bounding.filter((name) => capAdd.includes('ALL') || capAdd.includes(name));
}

function orNull(list: readonly string[]): string[] | null {
  return list.length === 0 ? null : [...list];
}

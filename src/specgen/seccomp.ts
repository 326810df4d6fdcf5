import { readFileSync } from 'node:fs';
import { InvalidSpecError, messageOf } from '../base/errors.ts';

/** A profile as it lies in files: with conditions. The runtime's form has them resolved. */
export interface SeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number;
  /** Docker's and podman's files map; plain OCI files list `architectures`. */
  archMap?: { architecture: string; subArchitectures?: string[] | null }[] | null;
  architectures?: string[];
  flags?: string[];
  listenerPath?: string;
  listenerMetadata?: string;
  syscalls?: SeccompRule[] | null;
}

export interface SeccompRule {
  /** Old files have a single `name`. */
  names?: string[];
  name?: string;
  action: string;
  errnoRet?: number | null;
  args?: { index: number; value: number; valueTwo?: number; op: string }[] | null;
  includes?: SeccompCondition;
  excludes?: SeccompCondition;
}

interface SeccompCondition {
  arches?: string[] | null;
  caps?: string[] | null;
  minKernel?: string | null;
}

/** Throws InvalidSpecError that names the file. */
export function readSeccompProfile(path: string): SeccompProfile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new InvalidSpecError(`cannot load seccomp profile ${path}: ${messageOf(error)}`, { cause: error });
  }
  return parseSeccompProfile(text, path);
}

/** `name` is for messages. */
export function parseSeccompProfile(text: string, name: string): SeccompProfile {
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (error) {
    throw new InvalidSpecError(`cannot load seccomp profile ${name}: ${messageOf(error)}`, { cause: error });
  }
  if (isProfile(profile)) return profile;
  throw new InvalidSpecError(
    `cannot load seccomp profile ${name}: it has no defaultAction or no list of syscalls`,
  );
}

function isProfile(value: unknown): value is SeccompProfile {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (!('defaultAction' in value) || typeof value.defaultAction !== 'string') return false;
  if (!('syscalls' in value) || value.syscalls === null || value.syscalls === undefined) return true;
  return (
    Array.isArray(value.syscalls) &&
    value.syscalls.every(
      (rule: unknown) =>
        typeof rule === 'object' && rule !== null && 'action' in rule && ('names' in rule || 'name' in rule),
    )
  );
}

export interface SeccompTarget {
  /** As in OCI: `amd64`. */
  architecture: string;
  /** The container's bounding set, `CAP_…`. */
  capabilities: readonly string[];
}

/** What the runtime takes: only the rules whose conditions hold for this container on this machine. */
export function resolveSeccomp(profile: SeccompProfile, target: SeccompTarget): Record<string, unknown> {
  const { archMap, architectures, syscalls, ...rest } = profile;
  const native = NATIVE[target.architecture];
  const mapped = archMap?.find((entry) => entry.architecture === native);
  const chosen =
    architectures ??
    (mapped === undefined
      ? native === undefined
        ? []
        : [native]
      : [mapped.architecture, ...(mapped.subArchitectures ?? [])]);
  const rules = (syscalls ?? []).filter((rule) => applies(rule, target)).map(plainRule);
  return {
    defaultAction: rest.defaultAction,
    ...(typeof rest.defaultErrnoRet === 'number' ? { defaultErrnoRet: rest.defaultErrnoRet } : {}),
    ...(chosen.length > 0 ? { architectures: chosen } : {}),
    ...(rest.flags?.length ? { flags: rest.flags } : {}),
    ...(rest.listenerPath ? { listenerPath: rest.listenerPath } : {}),
    ...(rest.listenerMetadata ? { listenerMetadata: rest.listenerMetadata } : {}),
    ...(rules.length > 0 ? { syscalls: rules } : {}),
  };
}

const NATIVE: Record<string, string> = {
  amd64: 'SCMP_ARCH_X86_64',
  '386': 'SCMP_ARCH_X86',
  arm64: 'SCMP_ARCH_AARCH64',
  arm: 'SCMP_ARCH_ARM',
  ppc64le: 'SCMP_ARCH_PPC64LE',
  s390x: 'SCMP_ARCH_S390X',
  riscv64: 'SCMP_ARCH_RISCV64',
  loong64: 'SCMP_ARCH_LOONGARCH64',
  mips64le: 'SCMP_ARCH_MIPSEL64',
};

function applies(rule: SeccompRule, target: SeccompTarget): boolean {
  const { includes, excludes } = rule;
  const hasArch = (list: string[]) => list.includes(target.architecture);
  const hasCap = (name: string) => target.capabilities.includes(name);
  if (excludes?.arches?.length && hasArch(excludes.arches)) return false;
  if (excludes?.caps?.some(hasCap)) return false;
  if (includes?.arches?.length && !hasArch(includes.arches)) return false;
  return !includes?.caps?.length || includes.caps.every(hasCap);
}

function plainRule(rule: SeccompRule): Record<string, unknown> {
  return {
    names: rule.names ?? [rule.name ?? ''],
    action: rule.action,
    ...(typeof rule.errnoRet === 'number' ? { errnoRet: rule.errnoRet } : {}),
    ...(rule.args?.length
      ? {
          args: rule.args.map(({ index, value, valueTwo, op }) =>
            valueTwo ? { index, value, valueTwo, op } : { index, value, op },
          ),
        }
      : {}),
  };
}

import { InvalidSpecError } from '../base/errors.ts';

/** All that Linux knows, by number. */
export const ALL_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
];

/** `net_raw`, `CAP_NET_RAW`, `all` → `CAP_NET_RAW` or `ALL`. Throws InvalidSpecError for an unknown one. */
export function parseCapability(text: string): string {
  const upper = text.toUpperCase();
  if (upper === 'ALL') return 'ALL';
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!ALL_CAPABILITIES.includes(name)) throw new InvalidSpecError(`"${name}": unknown capability`);
  return name;
}

/** The names in a mask as /proc/PID/status prints it (`CapBnd:`). */
export function capabilitiesOfMask(hex: string): string[] {
  const mask = BigInt(`0x${hex.trim()}`);
  return ALL_CAPABILITIES.filter((_name, bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
}

export interface CapabilityRequest {
  /** With or without `CAP_`. */
  defaults: readonly string[];
  /** As parseCapability gives them. */
  add: readonly string[];
  drop: readonly string[];
  /** The bounding set of this process: what can be given at all. */
  available: readonly string[];
}

/**
 * Podman's rules: ALL on one side, single names on the other win over it; the same name on both sides is an error;
 * what is asked for by name and cannot be given is an error, ALL means all that can be given.
 */
export function mergeCapabilities(request: CapabilityRequest): string[] {
  const { add, drop, available } = request;
  const both = add.find((name) => name !== 'ALL' && drop.includes(name));
  if (both !== undefined) throw new InvalidSpecError(`capability "${both}" cannot be dropped and added`);
  if (add.includes('ALL') && drop.includes('ALL'))
    throw new InvalidSpecError('capability "ALL" cannot be dropped and added');
  const missing = add.find((name) => name !== 'ALL' && !available.includes(name));
  if (missing !== undefined)
    throw new InvalidSpecError(
      `capability "${missing}" cannot be added: this process does not have it itself`,
    );
  const base = add.includes('ALL')
    ? available
    : drop.includes('ALL')
      ? []
      : request.defaults.map(parseCapability).filter((name) => available.includes(name));
  const result = new Set([...base, ...add.filter((name) => name !== 'ALL')]);
  for (const name of drop) result.delete(name);
  return [...result].sort();
}

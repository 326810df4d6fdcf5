import { readlinkSync } from 'node:fs';
import { UnsupportedError } from '../base/errors.ts';
import { isRootless } from '../rootless/namespace.ts';

export { listUserMounts, mountForUser, unmountForUser } from '../libpod/user-mounts.ts';

/**
 * The namespace that `unshare` has given its command. The command itself has a parent outside: `tspod unshare tspod mount web`.
 */
export const UNSHARED = '_TSPOD_UNSHARED';

/** A user's mounts are seen in the namespace of `unshare` only: outside of it their paths would be empty directories. */
export function checkMountsAreSeen(command: string): void {
  if (!isRootless()) return;
  const own = mountNamespace('self');
  if (own === mountNamespace(String(process.ppid)) || own === process.env[UNSHARED]) return;
  throw new UnsupportedError(
    `cannot run command "${command}" in rootless mode, must execute \`tspod unshare\` first`,
    { hint: `try: tspod unshare sh, and then tspod ${command} there` },
  );
}

export function mountNamespace(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

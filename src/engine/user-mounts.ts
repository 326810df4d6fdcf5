import { readlinkSync } from 'node:fs';
import { UnsupportedError } from '../base/errors.ts';
import { isRootless } from '../rootless/namespace.ts';

export { listUserMounts, mountForUser, unmountForUser } from '../libpod/user-mounts.ts';

/** A user's mounts are seen in the namespace of `unshare` only: outside of it their paths would be empty directories. */
export function checkMountsAreSeen(command: string): void {
  if (!isRootless() || mountNamespace('self') === mountNamespace(String(process.ppid))) return;
  throw new UnsupportedError(
    `cannot run command "${command}" in rootless mode, must execute \`tspod unshare\` first`,
    { hint: `try: tspod unshare sh, and then tspod ${command} there` },
  );
}

function mountNamespace(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

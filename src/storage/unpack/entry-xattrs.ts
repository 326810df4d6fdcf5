import { errnoOf } from '../../base/errors.ts';
import type { Syscalls } from '../../native/syscalls.ts';
import type { LayerDirectory } from './directory-cache.ts';
import { pathBytes } from './entry-path.ts';

/** The union mount's own attributes would let a layer reach beyond itself; labels of another machine mean nothing here. */
const REFUSED = /^(?:(?:trusted|user)\.overlay\.|user\.fuseoverlayfs\.|security\.selinux$)/;
const CAPABILITY = 'security.capability';
const CAPABILITY_V2 = 0x02000000;
const CAPABILITY_V3 = 0x03000000;
const CAPABILITY_V2_BYTES = 20;

/**
 * Sets what an entry carries. A file system that has no such attributes, or a user namespace that may not set them, loses them
 * silently, as with podman and docker.
 */
export function setEntryXattrs(
  system: Syscalls,
  place: { parent: LayerDirectory; base: string },
  xattrs: ReadonlyMap<string, Buffer>,
  inUserNamespace: boolean,
): void {
  const path = Buffer.concat([
    Buffer.from(`/proc/self/fd/${place.parent.fd}/`),
    Buffer.from(pathBytes(place.base === '' ? '.' : place.base)),
  ]);
  for (const [name, value] of xattrs) {
    if (REFUSED.test(name)) continue;
    try {
      system.lsetxattr(path, name, name === CAPABILITY && inUserNamespace ? withoutRootId(value) : value);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOTSUP' || code === 'EOPNOTSUPP') continue;
      if (code === 'EPERM' && (inUserNamespace || name.startsWith('user.'))) continue;
      throw error;
    }
  }
}

/** The kernel adds the namespace's own root to capabilities of version 2; a root id from elsewhere would be refused. */
function withoutRootId(value: Buffer): Buffer {
  if (value.length <= CAPABILITY_V2_BYTES) return value;
  const magic = value.readUInt32LE(0);
  if ((magic & 0xff000000) !== CAPABILITY_V3) return value;
  const result = Buffer.from(value.subarray(0, CAPABILITY_V2_BYTES));
  result.writeUInt32LE(CAPABILITY_V2 | (magic & 0x00ffffff), 0);
  return result;
}

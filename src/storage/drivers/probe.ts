import { constants, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatIdentity, ownIdentity } from '../../native/process-identity.ts';
import { AT_FDCWD, type Syscalls } from '../../native/syscalls.ts';
import { UnsupportedError } from '../../base/errors.ts';
import type { StoreLayout } from '../layout.ts';
import type { StorageDriver } from './driver.ts';

/** Mounts a tiny union under the graph root and throws unless layers, whiteouts and writing work there. */
export function probeUnion(system: Syscalls, layout: StoreLayout, driver: StorageDriver): void {
  const dir = join(layout.tmp, `probe-${formatIdentity(ownIdentity()).replaceAll(':', '-')}`);
  rmSync(dir, { recursive: true, force: true });
  const merged = join(dir, 'merged');
  for (const name of ['low/d', 'high/d', 'empty', 'work', 'merged', 'diff'])
    mkdirSync(join(dir, name), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(join(dir, 'low/gone'), '');
    writeFileSync(join(dir, 'low/d/hidden'), '');
    writeFileSync(join(dir, 'low/seen'), '');
    if (driver.whiteouts.kind === 'overlay') {
      system.mknodat(AT_FDCWD, join(dir, 'high/gone'), constants.S_IFCHR, 0, 0);
      for (const name of driver.whiteouts.opaqueXattrs)
        system.lsetxattr(join(dir, 'high/d'), name, Buffer.from('y'));
    }
    driver.mountNow?.({
      diff: join(dir, 'diff'),
      work: join(dir, 'work'),
      merged,
      lowerDirs: ['high', 'low'],
      base: dir,
      empty: join(dir, 'empty'),
      options: [],
      readOnly: false,
      mountLabel: undefined,
    });
    writeFileSync(join(merged, 'seen'), 'x');
    rmSync(join(merged, 'seen'));
    if (existsSync(join(merged, 'gone')) || existsSync(join(merged, 'd/hidden')))
      throw new UnsupportedError('whiteouts have no effect on this file system');
  } finally {
    driver.unmount(merged);
    rmSync(dir, { recursive: true, force: true });
  }
}

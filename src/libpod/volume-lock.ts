import { join } from 'node:path';
import { acquireLock, type KernelLock } from '../native/kernel-lock.ts';
import type { Libpod } from './context.ts';

/** Comes after the locks of containers. Held while what is mounted or copied into a volume changes. */
export function lockVolume({ paths }: Pick<Libpod, 'paths'>, name: string): Promise<KernelLock> {
  return acquireLock(join(paths.locks, `volume-${name}`), {
    mode: 'exclusive',
    timeoutMs: 120_000,
    what: `volume ${name}`,
    level: 'volume',
    id: name,
  });
}

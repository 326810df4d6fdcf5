import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeAbandonedBuilds } from '../libpod/abandoned-builds.ts';
import type { Libpod } from '../libpod/context.ts';
import { tryAcquireLock } from '../native/kernel-lock.ts';
import { isAlive } from '../native/process-identity.ts';
import { storeLayout } from '../storage/layout.ts';
import { listNames } from '../storage/removal.ts';

/** What builds that were killed have left: containers, temporary directories, files of locks. Safe beside builds that run. */
export async function removeLeftovers(host: Libpod): Promise<void> {
  await removeAbandonedBuilds(host);
  const { tmp } = storeLayout(host.paths.graphRoot);
  for (const name of listNames(tmp)) {
    const owner = /^build-.*-(\d+)-(\d+)(?:-[0-9a-f-]{36})?$/.exec(name);
    if (owner === null || isAlive({ pid: Number(owner[1]), startTime: owner[2] })) continue;
    await host.syscalls.removeTree(join(tmp, name));
  }
  for (const name of listNames(host.paths.locks)) {
    if (!/^build-[0-9a-f]{32}$/.test(name)) continue;
    const lock = tryAcquireLock(join(host.paths.locks, name), { mode: 'exclusive', what: name });
    if (lock === undefined) continue;
    rmSync(lock.path, { force: true });
    lock.release();
  }
}

import { chmodSync, chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleFacts } from '../specgen/host-facts.ts';
import type { ContainerRecord } from './container.ts';
import { idsOfContainer } from './container-ids.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { secretData } from './secret.ts';

/** Writes a container's secrets as they are now into its bundle, which only its owner can enter. NotFoundError for one that has gone. */
export async function prepareSecrets(
  libpod: Libpod,
  record: ContainerRecord,
): Promise<{ files: BundleFacts['managedFiles']; env: string[] }> {
  const files: BundleFacts['managedFiles'] = [];
  const env: string[] = [];
  for (const [index, use] of (record.spec.secrets ?? []).entries()) {
    const data = await secretData(libpod, use.name);
    if (use.type === 'env') {
      env.push(`${use.target}=${data.toString('utf8')}`);
      continue;
    }
    const source = join(containerPaths(libpod.paths, record.id).bundle.bundle, `secret-${index}`);
    rmSync(source, { force: true });
    writeFileSync(source, data, { mode: 0o600, flag: 'wx' });
    const { uid, gid } = idsOfContainer(libpod, record).toHost(use);
    chownSync(source, uid, gid);
    chmodSync(source, use.mode);
    files.push({
      source,
      destination: use.target,
      options: ['bind', 'ro', 'rprivate', 'nosuid', 'nodev', 'noexec'],
    });
  }
  return { files, env };
}

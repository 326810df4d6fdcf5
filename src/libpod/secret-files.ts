import { chmodSync, chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleFacts } from '../specgen/host-facts.ts';
import type { ContainerRecord } from './container.ts';
import { idsOfContainer } from './container-ids.ts';
import { mountedSecret, secretValue } from './container-secrets.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import type { SecretUse } from '../specgen/container-spec.ts';
import { secretData } from './secret.ts';

/**
 * Writes a container's secrets into its bundle, which only its owner can enter: files as they were when it was made, variables as they are
 * now. NotFoundError for one that has gone.
 */
export async function prepareSecrets(
  libpod: Libpod,
  record: ContainerRecord,
): Promise<{ files: BundleFacts['managedFiles']; env: string[] }> {
  const files: BundleFacts['managedFiles'] = [];
  const env: string[] = [];
  for (const [index, use] of (record.spec.secrets ?? []).entries()) {
    if (use.type === 'env') {
      env.push(`${use.target}=${await variableOf(libpod, use)}`);
      continue;
    }
    const data = await mountedSecret(libpod, record, index, use);
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

async function variableOf(libpod: Libpod, { name, parts }: SecretUse & { type: 'env' }): Promise<string> {
  if (parts === undefined) return (await secretData(libpod, name)).toString('utf8');
  let value = '';
  for (const part of parts)
    value += typeof part === 'string' ? part : (await secretValue(libpod, part)).toString('utf8');
  return value;
}

import { NotFoundError } from '../base/errors.ts';
import type { ContainerSpec, SecretUse } from '../specgen/container-spec.ts';
import type { Database } from '../state/db.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';
import { getSecret, secretData } from './secret.ts';
import { openSecret, sealSecret } from './secret-cipher.ts';

/*
 * Secrets that are files in a container are its own from its creation on, as in podman: whoever replaces or removes the secret does not
 * change it. The copies lie in the state database, encrypted like the secrets themselves, and go with the container's row.
 */

interface SecretCopy {
  /** In the spec's list. */
  position: number;
  secretId: string;
  sealed: Buffer;
}

/** As they are now; `insert` is to be called in the transaction that inserts the container's row. Throws NotFoundError for one that is not there. */
export async function copiesFor(
  libpod: Pick<Libpod, 'db' | 'paths'>,
  containerId: string,
  spec: Pick<ContainerSpec, 'secrets'>,
): Promise<{ insert(): void }> {
  const copies = await copySecrets(libpod, containerId, spec);
  return { insert: () => insertCopies(libpod.db, containerId, copies) };
}

async function copySecrets(
  libpod: Pick<Libpod, 'db' | 'paths'>,
  containerId: string,
  { secrets = [] }: Pick<ContainerSpec, 'secrets'>,
): Promise<SecretCopy[]> {
  const copies: SecretCopy[] = [];
  for (const [position, use] of secrets.entries()) {
    if (use.type !== 'mount') continue;
    const secretId = getSecret(libpod.db, use.name).id;
    const data = await fileContent(libpod, use);
    const sealed = sealSecret(libpod.paths.graphRoot, copyId(containerId, position), data);
    copies.push({ position, secretId, sealed });
  }
  return copies;
}

function insertCopies(db: Database, containerId: string, copies: readonly SecretCopy[]): void {
  const insert = db.prepare(
    'INSERT INTO container_secrets (container_id, position, secret_id, data) VALUES (?, ?, ?, ?)',
  );
  for (const { position, secretId, sealed } of copies) insert.run(containerId, position, secretId, sealed);
}

/** Of a container from before there were copies, the secret as it is now. Throws NotFoundError; StorageError when it cannot be decrypted. */
export async function mountedSecret(
  libpod: Pick<Libpod, 'db' | 'paths'>,
  { id, name }: Pick<ContainerRecord, 'id' | 'name'>,
  position: number,
  use: SecretUse & { type: 'mount' },
): Promise<Buffer> {
  const row = libpod.db
    .prepare('SELECT data FROM container_secrets WHERE container_id = ? AND position = ?')
    .get(id, position) as { data: Buffer } | undefined;
  if (row === undefined) return await fileContent(libpod, use);
  return openSecret(
    libpod.paths.graphRoot,
    {
      id: copyId(id, position),
      name: `${use.name} of container ${name}`,
      hint: 'put the key back, or make the container again',
    },
    Buffer.from(row.data),
  );
}

/** Of a secret that is a document of Kubernetes. */
export async function secretValue(
  libpod: Pick<Libpod, 'db' | 'paths'>,
  { name, key }: { name: string; key: string },
): Promise<Buffer> {
  const { keptSecretData } = await import('./kube-secret.ts');
  const value = keptSecretData(name, await secretData(libpod, name)).get(key);
  if (value !== undefined) return value;
  throw new NotFoundError('secret', name, { message: `secret ${name} has no key ${JSON.stringify(key)}` });
}

async function fileContent(
  libpod: Pick<Libpod, 'db' | 'paths'>,
  { name, key }: SecretUse & { type: 'mount' },
): Promise<Buffer> {
  return key === undefined ? await secretData(libpod, name) : await secretValue(libpod, { name, key });
}

/** No secret has such an id: a copy is not accepted in the place of another, or of a secret. */
function copyId(containerId: string, position: number): string {
  return `${containerId}/${position}`;
}

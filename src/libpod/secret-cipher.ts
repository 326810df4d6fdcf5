import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, writeFileAtomic } from '../base/atomic-file.ts';
import { errnoOf, messageOf, StorageError } from '../base/errors.ts';
import { formatIdentity, ownIdentity } from '../native/process-identity.ts';

/*
 * Secrets lie in the state database encrypted (AES-256-GCM: 12 bytes of nonce, 16 of tag, the data), with a key in a file of its own. A copy
 * of the database, a backup of it or one that others may read gives none of them away; who can read the whole graph root has them all.
 */
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The id belongs to it: moved to another secret's row it is not accepted. The first one makes the key. */
export function sealSecret(graphRoot: string, id: string, data: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, readKey(graphRoot) ?? makeKey(graphRoot), nonce);
  cipher.setAAD(Buffer.from(id));
  const sealed = Buffer.concat([cipher.update(data), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

/** Throws StorageError when the key is missing or another one, or when the data was changed. */
export function openSecret(
  graphRoot: string,
  { id, name, hint }: { id: string; name: string; hint?: string },
  sealed: Buffer,
): Buffer {
  const lost = (cause: string): StorageError =>
    new StorageError(`cannot decrypt secret ${name}: ${cause}`, {
      hint: hint ?? `make it again: tspod secret create --replace ${name} FILE`,
    });
  const key = readKey(graphRoot);
  if (key === undefined) throw lost(`its key ${keyPath(graphRoot)} is missing`);
  try {
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(id));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw lost(`${keyPath(graphRoot)} is not the key that it was encrypted with, or it was changed on disk`);
  }
}

function keyPath(graphRoot: string): string {
  return join(graphRoot, 'secrets.key');
}

function readKey(graphRoot: string): Buffer | undefined {
  const path = keyPath(graphRoot);
  try {
    const key = readFileSync(path);
    if (key.length === KEY_BYTES) return key;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new StorageError(`cannot read the key of the secrets: ${messageOf(error)}`, { cause: error });
  }
  throw new StorageError(`the key of the secrets, ${path}, is damaged: it has not ${KEY_BYTES} bytes`, {
    hint: 'put it back from a backup, or remove it and create the secrets again',
  });
}

/** Of several processes that make the first secret at once, the key of one stays. */
function makeKey(graphRoot: string): Buffer {
  const directory = join(graphRoot, 'tmp');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `secrets.key-${formatIdentity(ownIdentity()).replaceAll(':', '-')}`);
  writeFileAtomic(draft, randomBytes(KEY_BYTES));
  try {
    linkSync(draft, keyPath(graphRoot));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  syncDirectory(graphRoot);
  return readKey(graphRoot) ?? makeKey(graphRoot);
}

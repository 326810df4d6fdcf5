import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { ensureDirectory } from '../base/paths.ts';
import { acquireLock } from '../native/kernel-lock.ts';
import {
  type AuthEntry,
  type AuthFile,
  type Credentials,
  domainOf,
  normaliseKey,
  readAuthFile,
  serverName,
} from './auth-file.ts';
import { eraseFromHelper, listHelper, storeInHelper } from './credential-helper.ts';

export interface AuthFilePlace {
  file: string;
  /** docker's config.json: knows registries by their host only, and its hub by an address. */
  isDocker: boolean;
  /** A file that only serves as a lock; two logins at once must not lose one. */
  lock: string;
  env?: NodeJS.ProcessEnv | undefined;
}

const LOCK_DEADLINE_MS = 30_000;

/** Stores a login, in the helper that the file names or in the file itself. Everything else in the file stays as it is. */
export async function storeLogin(
  place: AuthFilePlace,
  registry: string,
  credentials: Credentials,
): Promise<void> {
  const env = place.env ?? process.env;
  await changeAuthFile(place, async (content) => {
    const helper = helperFor(content, registry);
    if (helper !== undefined) {
      await storeInHelper(helper, { server: serverName(domainOf(registry)), credentials, env });
      return undefined;
    }
    const auths = withoutKey(content.auths ?? {}, registry);
    return { ...content, auths: { ...auths, [keyIn(place, registry)]: entryOf(credentials) } };
  });
}

/** False when the file has no login for it. */
export async function removeLogin(place: AuthFilePlace, registry: string): Promise<boolean> {
  if (!existsSync(place.file)) return false;
  const env = place.env ?? process.env;
  let had = false;
  await changeAuthFile(place, async (content) => {
    const helper = helperFor(content, registry);
    if (helper !== undefined) had = await eraseFromHelper(helper, serverName(domainOf(registry)), env);
    const auths = withoutKey(content.auths ?? {}, registry);
    if (Object.keys(auths).length === Object.keys(content.auths ?? {}).length) return undefined;
    had = true;
    return { ...content, auths };
  });
  return had;
}

export async function removeAllLogins(place: AuthFilePlace): Promise<void> {
  if (!existsSync(place.file)) return;
  const env = place.env ?? process.env;
  await changeAuthFile(place, async (content) => {
    for (const [registry, helper] of Object.entries(content.credHelpers ?? {}))
      await eraseFromHelper(helper, serverName(registry), env);
    if (content.credsStore) {
      for (const server of await listHelper(content.credsStore, env))
        await eraseFromHelper(content.credsStore, server, env);
    }
    return { ...content, auths: {} };
  });
}

/** Whether a login for the registry lies in the file itself. */
export function hasLogin(file: string, registry: string): boolean {
  if (!existsSync(file)) return false;
  return Object.keys(readAuthFile(file).auths ?? {}).some((key) => normaliseKey(key) === registry);
}

/** `change` returns the new content, or undefined to leave the file alone. */
async function changeAuthFile(
  place: AuthFilePlace,
  change: (content: AuthFile) => Promise<AuthFile | undefined>,
): Promise<void> {
  const lock = await acquireLock(place.lock, {
    mode: 'exclusive',
    timeoutMs: LOCK_DEADLINE_MS,
    what: `auth file ${place.file}`,
  });
  try {
    const exists = existsSync(place.file);
    const next = await change(exists ? readAuthFile(place.file) : {});
    if (next === undefined) return;
    ensureDirectory(dirname(place.file));
    // The file may be a link into a folder of dotfiles.
    const target = exists ? realpathSync(place.file) : place.file;
    writeFileAtomic(target, `${JSON.stringify(next, undefined, '\t')}\n`, { mode: 0o600 });
  } finally {
    lock.release();
  }
}

function helperFor(content: AuthFile, registry: string): string | undefined {
  return content.credHelpers?.[domainOf(registry)] ?? (content.credsStore || undefined);
}

function keyIn({ isDocker }: AuthFilePlace, registry: string): string {
  return isDocker ? serverName(domainOf(registry)) : registry;
}

function withoutKey(auths: Record<string, AuthEntry>, registry: string): Record<string, AuthEntry> {
  return Object.fromEntries(Object.entries(auths).filter(([key]) => normaliseKey(key) !== registry));
}

function entryOf({ username, password, identityToken }: Credentials): AuthEntry {
  return {
    auth: Buffer.from(`${username}:${password}`).toString('base64'),
    ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
  };
}

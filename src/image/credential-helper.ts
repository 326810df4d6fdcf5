import { execFile } from 'node:child_process';
import { RegistryAuthError } from '../base/errors.ts';
import type { Credentials } from './auth-file.ts';

const HELPER_DEADLINE_MS = 30_000;

/** What docker-credential-NAME has for the server; undefined for nothing. */
export async function getFromHelper(
  name: string,
  server: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const stdout = await runHelper(name, { verb: 'get', server, input: server, env });
  if (stdout === undefined) return undefined;
  let answer: { Username?: unknown; Secret?: unknown };
  try {
    answer = JSON.parse(stdout) as typeof answer;
  } catch {
    throw new RegistryAuthError(
      `credential helper docker-credential-${name} for ${server}: its answer is not valid JSON`,
    );
  }
  const { Username: username, Secret: secret } = answer;
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  if (username === '<token>') return { username: '', password: '', identityToken: secret };
  return { username, password: secret };
}

/** The secret goes by the helper's stdin. */
export async function storeInHelper(
  name: string,
  login: { server: string; credentials: Credentials; env: NodeJS.ProcessEnv },
): Promise<void> {
  const { server, credentials, env } = login;
  const { username, password, identityToken } = credentials;
  const document =
    identityToken === undefined
      ? { ServerURL: server, Username: username, Secret: password }
      : { ServerURL: server, Username: '<token>', Secret: identityToken };
  await runHelper(name, { verb: 'store', server, input: JSON.stringify(document), env });
}

/** False when it had nothing. */
export async function eraseFromHelper(
  name: string,
  server: string,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  if ((await getFromHelper(name, server, env)) === undefined) return false;
  await runHelper(name, { verb: 'erase', server, input: server, env });
  return true;
}

/** The servers that it has credentials for. */
export async function listHelper(name: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const stdout = await runHelper(name, { verb: 'list', server: 'all servers', input: '', env });
  try {
    return Object.keys(JSON.parse(stdout ?? '{}') as Record<string, unknown>);
  } catch {
    return [];
  }
}

interface Call {
  verb: 'get' | 'store' | 'erase' | 'list';
  server: string;
  input: string;
  env: NodeJS.ProcessEnv;
}

/** Its output; undefined when it says that it has nothing for the server. */
async function runHelper(name: string, { verb, server, input, env }: Call): Promise<string | undefined> {
  const program = `docker-credential-${name}`;
  const { error, stdout } = await new Promise<{ error: Error | null; stdout: string }>((resolve) => {
    const child = execFile(program, [verb], { timeout: HELPER_DEADLINE_MS, env }, (failure, output) =>
      resolve({ error: failure, stdout: output }),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
  if (/credentials not found|no credentials/i.test(stdout)) return undefined;
  if (error === null) return stdout;
  const missing = 'code' in error && error.code === 'ENOENT';
  const reason = missing ? 'program not found' : stdout.trim() || 'it failed';
  throw new RegistryAuthError(`credential helper ${program} for ${server}: ${reason}`);
}

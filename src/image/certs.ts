import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../base/errors.ts';

/** PEM texts for a connection to one registry. */
export interface RegistryCertificates {
  ca: string[];
  client: { cert: string; key: string } | undefined;
}

/**
 * `*.crt` are certificate authorities, `NAME.cert` with `NAME.key` the client's own. Looked for in --cert-dir, else in the
 * `certs.d/HOST` directories of containers and docker (the first that exists).
 */
export function readCertificates(
  host: string,
  certDir: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): RegistryCertificates {
  const found: RegistryCertificates = { ca: [], client: undefined };
  const directory = certDir ?? defaultDirectories(host, env).find((one) => existsSync(one));
  if (directory === undefined) return found;
  if (!existsSync(directory)) throw new UsageError(`certificate directory ${directory} does not exist`);
  const names = readdirSync(directory).sort();
  for (const name of names) {
    const file = join(directory, name);
    if (name.endsWith('.crt')) found.ca.push(readFileSync(file, 'utf8'));
    if (!name.endsWith('.cert')) continue;
    const key = name.replace(/cert$/, 'key');
    if (!names.includes(key)) {
      throw new UsageError(`missing key ${key} for client certificate ${name} in ${directory}`, {
        hint: 'certificate authorities use the extension .crt',
      });
    }
    found.client = { cert: readFileSync(file, 'utf8'), key: readFileSync(join(directory, key), 'utf8') };
  }
  return found;
}

function defaultDirectories(host: string, env: NodeJS.ProcessEnv): string[] {
  const user = join(env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? '/root', '.config'), 'containers');
  return [join(user, 'certs.d'), '/etc/containers/certs.d', '/etc/docker/certs.d'].map((one) =>
    join(one, host),
  );
}

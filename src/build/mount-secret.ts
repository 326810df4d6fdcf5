import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf, NotFoundError } from '../base/errors.ts';
import type { Build } from './build.ts';
import type { BuildSecret } from './build-options.ts';
import type { SecretMount } from './instruction.ts';
import type { RunMountPlan, Surroundings } from './run-mounts.ts';

/** The value is read when the command runs; the cache does not depend on it. */
export function planSecret(build: Build, mount: SecretMount): RunMountPlan {
  const { id, target, env, mode, uid, gid } = mount;
  return {
    facts: ['secret', id, target ?? null, env ?? null, mode, uid, gid],
    async attach(surroundings) {
      const secret = build.options.run.secrets.find((one) => one.id === id);
      if (secret !== undefined) give(surroundings, mount, readSecret(secret));
      else if (mount.required)
        throw new NotFoundError('secret', id, {
          message: `no secret ${JSON.stringify(id)} was given to the build`,
          hint: `give it with --secret id=${id},src=FILE or --secret id=${id},env=NAME`,
        });
    },
  };
}

function give(surroundings: Surroundings, mount: SecretMount, value: Buffer): void {
  const { id, target, env, mode, uid, gid } = mount;
  if (env !== undefined) {
    if (value.includes(0))
      throw new InvalidSpecError(`secret ${JSON.stringify(id)} cannot be a variable: it contains NUL`);
    surroundings.secretEnv.push(`${env}=${value.toString('utf8')}`);
  }
  if (target === undefined) return;
  const path = join(surroundings.secretsDirectory(), Buffer.from(target).toString('base64url'));
  writeFileSync(path, value, { mode: 0o600 });
  chownSync(path, uid, gid);
  chmodSync(path, mode);
  surroundings.bind(path, target, { readOnly: true });
}

function readSecret(secret: BuildSecret): Buffer {
  if ('value' in secret) return secret.value;
  if ('env' in secret) {
    const value = process.env[secret.env];
    if (value !== undefined) return Buffer.from(value);
    throw new NotFoundError('secret', secret.id, {
      message: `secret ${JSON.stringify(secret.id)}: the environment variable ${secret.env} is not set`,
    });
  }
  try {
    return readFileSync(secret.file);
  } catch (cause) {
    throw new NotFoundError('secret', secret.id, {
      message: `cannot read secret ${JSON.stringify(secret.id)}: ${messageOf(cause)}`,
      cause,
    });
  }
}

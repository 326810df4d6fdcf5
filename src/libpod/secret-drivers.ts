import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { InvalidSpecError, messageOf, StorageError, UsageError } from '../base/errors.ts';

/** Which of podman's drivers keeps a secret, and its options. */
export interface SecretPlace {
  driver: string;
  driverOptions: Record<string, string>;
}

/** Where the bytes of secrets lie that the state database does not hold. All throw StorageError. */
export interface SecretStore {
  put(id: string, data: Buffer): Promise<void>;
  get(id: string): Promise<Buffer>;
  /** Not there is fine, as far as the driver can tell. */
  drop(id: string): Promise<void>;
}

/** The options that each driver takes; those of `needed` must be given. */
const DRIVERS: Readonly<Record<string, { options: readonly string[]; needed: readonly string[] }>> = {
  file: { options: ['path'], needed: [] },
  pass: { options: ['root', 'key', 'gpghomedir'], needed: [] },
  shell: {
    options: ['list', 'lookup', 'store', 'delete'],
    needed: ['list', 'lookup', 'store', 'delete'],
  },
};

export const SECRET_DRIVERS = Object.keys(DRIVERS);

/** Throws UsageError for a driver or an option that there is not, or one that is missing. */
export function checkSecretPlace({ driver, driverOptions }: SecretPlace): void {
  const known = DRIVERS[driver];
  if (known === undefined)
    throw new UsageError(
      `invalid secret driver ${JSON.stringify(driver)}: there are ${SECRET_DRIVERS.join(', ')}`,
    );
  for (const key of Object.keys(driverOptions))
    if (!known.options.includes(key))
      throw new UsageError(
        `invalid option ${JSON.stringify(key)} for the secret driver ${driver}: it takes ${known.options.join(', ')}`,
      );
  const missing = known.needed.filter((key) => !driverOptions[key]);
  if (missing.length > 0)
    throw new UsageError(`the secret driver ${driver} needs the options ${missing.join(', ')}`);
  const { path } = driverOptions;
  if (path !== undefined && !isAbsolute(path))
    throw new UsageError(`the option path of the secret driver ${driver} must be absolute: ${path}`);
}

/** Undefined: the state database. */
export function secretStore({ driver, driverOptions }: SecretPlace): SecretStore | undefined {
  if (driver === 'shell') return shellStore(driverOptions);
  if (driver === 'pass') return passStore(driverOptions);
  return driverOptions['path'] === undefined ? undefined : fileStore(driverOptions['path']);
}

/** A file for each, sealed as those of the database are. */
function fileStore(directory: string): SecretStore {
  const attempt = <T>(what: string, work: () => T): Promise<T> => {
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(
        new StorageError(`cannot ${what} a secret in ${directory}: ${messageOf(error)}`, { cause: error }),
      );
    }
  };
  return {
    put: (id, data) =>
      attempt('keep', () => {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        writeFileAtomic(join(directory, id), data, { mode: 0o600 });
      }),
    get: (id) => attempt('read', () => readFileSync(join(directory, id))),
    drop: (id) => attempt('remove', () => rmSync(join(directory, id), { force: true })),
  };
}

/** Commands of the user's own: they get the id as SECRET_ID, and the data as their input. */
function shellStore(options: Record<string, string>): SecretStore {
  const run = (which: string, id: string, input?: Buffer): Promise<Buffer> =>
    outputOf(`command ${which} of the secret driver shell`, {
      program: '/bin/sh',
      args: ['-c', options[which] ?? ''],
      env: { ...process.env, SECRET_ID: id },
      input,
    });
  return {
    put: async (id, data) => void (await run('store', id, data)),
    get: (id) => run('lookup', id),
    drop: async (id) => void (await run('delete', id)),
  };
}

/** The files of pass(1), written and read by gpg. */
function passStore(options: Record<string, string>): SecretStore {
  const root = options['root'] ?? join(homedir(), '.password-store');
  const home = options['gpghomedir'];
  const gpg = (args: readonly string[], input?: Buffer): Promise<Buffer> =>
    outputOf('gpg, for the secret driver pass,', {
      program: 'gpg',
      args: ['--batch', '--yes', '--quiet', ...(home === undefined ? [] : ['--homedir', home]), ...args],
      env: process.env,
      input,
    });
  const file = (id: string): string => join(root, `${id}.gpg`);
  return {
    put: async (id, data) =>
      void (await gpg(
        ['--encrypt', '--recipient', options['key'] ?? keyOf(root), '--output', file(id)],
        data,
      )),
    get: (id) => gpg(['--decrypt', file(id)]),
    drop: (id) => Promise.resolve(rmSync(file(id), { force: true })),
  };
}

function keyOf(root: string): string {
  try {
    const [key = ''] = readFileSync(join(root, '.gpg-id'), 'utf8').trim().split('\n');
    if (key !== '') return key;
  } catch {
    // Said below.
  }
  throw new InvalidSpecError(
    `the secret driver pass needs the option key: ${join(root, '.gpg-id')} names none`,
  );
}

interface Program {
  program: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  input: Buffer | undefined;
}

/** What it says of its failures goes where ours goes: it may quote the secret, and errors are kept. */
function outputOf(what: string, { program, args, env, input }: Program): Promise<Buffer> {
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new StorageError(`cannot start ${what} ${messageOf(error)}`, { cause: error })),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(parts));
      else
        reject(
          new StorageError(`${what} failed: ${signal === null ? `exit code ${code}` : `signal ${signal}`}`),
        );
    });
  });
}

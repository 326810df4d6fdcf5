import { readFileSync } from 'node:fs';
import { RegistryAuthError, UsageError } from '../../../base/errors.ts';
import type { Engine } from '../../../engine/engine.ts';
import {
  checkLogin,
  type Credentials,
  defaultRegistry,
  findLogin,
  login,
  normaliseRegistry,
} from '../../../engine/registry-login.ts';
import { askLine, askSecret } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { printError, printLine } from '../../output/print.ts';
import { registryAccess } from '../image/registry-access.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const engine = openEngine();
  const registry = await registryFrom(engine, args[0]);
  const file = loginFile(flags);
  const known = await findLogin(registry, file);
  if (flags['getLogin'] === true) {
    if (known === undefined) throw new RegistryAuthError(`not logged into ${registry}`);
    printLine(known.username);
    return 0;
  }
  const access = registryAccess(flags);
  if (known !== undefined && saysNothing(flags) && (await isStillValid(engine, { registry, known, flags })))
    return 0;
  const credentials =
    (await credentialsOfSecret(engine, flags)) ?? credentialsFrom(flags, { known, asDocker });
  const path = await login(engine, registry, credentials, { ...access, ...file });
  if (flags['verbose'] === true) printLine(`Used:  ${path}`);
  printLine(asDocker ? 'Login Succeeded' : 'Login Succeeded!');
  return 0;
};

/** Also for logout. */
export async function registryFrom(engine: Engine, typed: string | undefined): Promise<string> {
  return typed === undefined ? defaultRegistry(engine) : normaliseRegistry(typed);
}

export function loginFile(flags: FlagValues): { authfile?: string; compatAuthFile?: string } {
  const authfile = flags['authfile'] as string | undefined;
  const compatAuthFile = flags['compatAuthFile'] as string | undefined;
  return {
    ...(authfile === undefined ? {} : { authfile }),
    ...(compatAuthFile === undefined ? {} : { compatAuthFile }),
  };
}

function saysNothing(flags: FlagValues): boolean {
  return ['username', 'password', 'passwordStdin', 'secret'].every(
    (name) => flags[name] === undefined || flags[name] === false,
  );
}

async function isStillValid(
  engine: Engine,
  { registry, known, flags }: { registry: string; known: Credentials; flags: FlagValues },
): Promise<boolean> {
  printLine(`Authenticating with existing credentials for ${registry}`);
  try {
    await checkLogin(engine, registry, known, registryAccess(flags));
  } catch (error) {
    if (!(error instanceof RegistryAuthError)) throw error;
    printLine('Existing credentials are invalid, please enter valid username and password');
    return false;
  }
  printLine(`Existing credentials are valid. Already logged in to ${registry}`);
  return true;
}

async function credentialsOfSecret(engine: Engine, flags: FlagValues): Promise<Credentials | undefined> {
  const name = flags['secret'] as string | undefined;
  if (name === undefined) return undefined;
  if (flags['password'] !== undefined || flags['passwordStdin'] === true)
    throw new UsageError('--secret can not be used with --password or --password-stdin');
  const { secretData } = await import('../../../engine/secrets.ts');
  const password = (await secretData(engine, name)).toString('utf8').replace(/[\r\n]+$/, '');
  return { username: (flags['username'] as string | undefined) || name, password };
}

interface Circumstances {
  known: Credentials | undefined;
  asDocker: boolean;
}

function credentialsFrom(flags: FlagValues, { known, asDocker }: Circumstances): Credentials {
  const typedName = flags['username'] as string | undefined;
  const typedPassword = flags['password'] as string | undefined;
  if (flags['passwordStdin'] === true) {
    if (typedPassword !== undefined)
      throw new UsageError("can't specify both --password-stdin and --password");
    if (!typedName) throw new UsageError('must provide --username with --password-stdin');
    return { username: typedName, password: readFileSync(0, 'utf8').replace(/[\r\n]+$/, '') };
  }
  if (typedPassword !== undefined && asDocker)
    printError('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
  const username = typedName || askName(known?.username);
  const password = typedPassword || (askSecret('Password: ') ?? '');
  if (password === '') throw new UsageError('a password is needed', { hint: 'use --password-stdin' });
  return { username, password };
}

function askName(known: string | undefined): string {
  const answer = askLine(known ? `Username (${known}): ` : 'Username: ')?.trim() ?? '';
  const name = answer === '' ? (known ?? '') : answer;
  if (name === '') throw new UsageError('a user name is needed', { hint: 'use --username' });
  return name;
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf, UnsupportedError } from '../base/errors.ts';
import { ensureDirectory } from '../base/paths.ts';
import { type ChildOutput, runProgram } from '../base/run-program.ts';
import { type KeySource, parseClaim, type SignedClaim } from './check-signatures.ts';

const TIMEOUT_MS = 60_000;
/** Of gpg's own reports, what makes a signature bad even though its bytes fit. */
const BAD = /^\[GNUPG:\] (BADSIG|ERRSIG|EXPSIG|EXPKEYSIG|REVKEYSIG|NO_PUBKEY)\b/m;

/**
 * The claim in a message that one of the keys has signed, and none of them has signed badly. A key ring of its own holds these
 * keys only, so that nothing else that the user trusts counts. Throws InvalidSpecError.
 */
export async function verifySimpleSignature(
  message: Buffer,
  keys: readonly KeySource[],
  { temporary, env }: { temporary: string; env: NodeJS.ProcessEnv },
): Promise<SignedClaim> {
  ensureDirectory(temporary);
  const home = mkdtempSync(join(temporary, 'gpg-'));
  try {
    for (const key of keys) await importKey(home, key, env);
    const { stdout, stderr: status } = await runGpg(home, ['--decrypt'], { input: message, env });
    const signers = status.match(/^\[GNUPG:\] VALIDSIG /gm) ?? [];
    if (BAD.test(status) || signers.length !== 1 || !/^\[GNUPG:\] GOODSIG /m.test(status))
      throw new InvalidSpecError('a signature is not by a key of the policy');
    return parseClaim(stdout);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The addresses of the people whose keys a file holds. */
export function keyOwners(path: string, env: NodeJS.ProcessEnv = process.env): string[] {
  const done = spawnSync('gpg', ['--batch', '--no-autostart', '--with-colons', '--show-keys', path], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    env,
  });
  if (done.status !== 0) return [];
  return done.stdout
    .split('\n')
    .filter((line) => line.startsWith('uid:'))
    .map((line) => line.split(':')[9] ?? '')
    .map((owner) => /<([^>]+)>/.exec(owner)?.[1] ?? owner);
}

async function importKey(home: string, key: KeySource, env: NodeJS.ProcessEnv): Promise<void> {
  let path: string;
  if ('path' in key) path = key.path;
  else {
    path = join(home, 'given.key');
    writeFileSync(path, key.data);
  }
  const { stderr: status, code } = await runGpg(home, ['--import', path], { input: Buffer.alloc(0), env });
  if (code !== 0 || !/^\[GNUPG:\] IMPORT_OK /m.test(status))
    throw new UnsupportedError(`cannot read the key ${path} of policy.json`);
}

async function runGpg(
  home: string,
  words: readonly string[],
  { input, env }: { input: Buffer; env: NodeJS.ProcessEnv },
): Promise<ChildOutput> {
  const options = ['--homedir', home, '--batch', '--no-autostart', '--no-tty', '--quiet', '--status-fd', '2'];
  try {
    return await runProgram('gpg', [...options, ...words], { input, env, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    throw new UnsupportedError(`cannot run gpg to check a signature: ${messageOf(error)}`, {
      cause: error,
      hint: 'install gnupg',
    });
  }
}

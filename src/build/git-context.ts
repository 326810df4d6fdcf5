import { spawn } from 'node:child_process';
import { realpathSync, rmSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { hideCredentials } from './hide-credentials.ts';
import type { ContextPlace } from './context-place.ts';
import type { ContextSource } from './context-source.ts';

/** Nothing in a repository runs here: no hooks, no external transports, no questions at the terminal. */
const HARDENED = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'protocol.allow=never',
  ...['https', 'http', 'git', 'ssh'].map((name) => `protocol.${name}.allow=always`),
  'submodule.recurse=false',
  'advice.detachedHead=false',
  'init.defaultBranch=main',
].flatMap((setting) => ['-c', setting]);

export interface GitContextOptions {
  place: ContextPlace;
  directory: string;
  /** `.git` stays (`BUILDKIT_CONTEXT_KEEP_GIT_DIR`, `ADD --keep-git-dir`). */
  keepGitDirectory: boolean;
}

/** Fetches one commit into the directory and returns what of it is meant, which lies beneath it. */
export async function fetchGit(
  source: Extract<ContextSource, { kind: 'git' }>,
  { place, directory, keepGitDirectory }: GitContextOptions,
): Promise<string> {
  const { address, settings } = splitCredentials(source.repository);
  const run = { cwd: directory, repository: address, settings, signal: place.signal };
  const git = (...args: string[]): Promise<void> => runGit(args, run);
  await git('init', '--quiet', '.');
  await git('remote', 'add', '--', 'origin', address);
  await git('checkout', '--quiet', '--force', await fetchRef(git, source.ref), '--');
  await git('submodule', 'update', '--quiet', '--init', '--recursive', '--depth', '1');
  if (!keepGitDirectory) rmSync(join(directory, '.git'), { recursive: true, force: true });
  return source.subdirectory === undefined ? directory : below(directory, source.subdirectory, address);
}

/** Returns what to check out. Not every server hands out a commit by its number: then all branches and tags are fetched. */
async function fetchRef(git: (...args: string[]) => Promise<void>, ref = 'HEAD'): Promise<string> {
  try {
    await git('fetch', '--quiet', '--depth', '1', 'origin', ref);
    return 'FETCH_HEAD';
  } catch (error) {
    if (!/^[0-9a-f]{7,64}$/.test(ref)) throw error;
    await git('fetch', '--quiet', '--tags', 'origin', '+refs/heads/*:refs/remotes/origin/*');
    return ref;
  }
}

function below(directory: string, subdirectory: string, repository: string): string {
  const fail = (reason: string): InvalidSpecError =>
    new InvalidSpecError(
      `the directory ${JSON.stringify(subdirectory)} of ${hideCredentials(repository)} ${reason}`,
    );
  let found: string;
  try {
    found = realpathSync(join(directory, subdirectory));
  } catch {
    throw fail('does not exist');
  }
  const root = realpathSync(directory);
  if (found !== root && !found.startsWith(root + sep)) throw fail('lies outside of it');
  if (!statSync(found).isDirectory()) throw fail('is not a directory');
  return found;
}

const LONGEST_MESSAGE = 2000;

interface GitRun {
  cwd: string;
  /** Without credentials. */
  repository: string;
  /** Secret ones. */
  settings: readonly (readonly [name: string, value: string])[];
  signal: AbortSignal | undefined;
}

/** Credentials in a web address would stand in command lines that everybody sees, and in the repository's own settings. */
function splitCredentials(repository: string): { address: string; settings: GitRun['settings'] } {
  const url = /^https?:\/\//.test(repository) && URL.canParse(repository) ? new URL(repository) : undefined;
  if (url === undefined || (url.username === '' && url.password === ''))
    return { address: repository, settings: [] };
  const text = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const header = `Authorization: Basic ${Buffer.from(text).toString('base64')}`;
  url.username = '';
  url.password = '';
  return { address: url.href, settings: [[`http.${url.origin}/.extraHeader`, header]] };
}

function runGit(args: readonly string[], { cwd, repository, settings, signal }: GitRun): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...HARDENED, ...args], {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: gitEnvironment(settings),
      ...(signal === undefined ? {} : { signal }),
    });
    let message = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      message = (message + text).slice(-LONGEST_MESSAGE);
    });
    child.on('error', (cause) =>
      reject(
        signal?.aborted === true
          ? cause
          : new UnsupportedError('cannot fetch a git context: git is not installed', {
              cause,
              hint: 'install the package git',
            }),
      ),
    );
    child.on('close', (code) => {
      if (code === 0) return resolve();
      const reason = hideCredentials(message.trim().split('\n').at(-1) ?? '');
      reject(
        new InvalidSpecError(
          `cannot fetch ${hideCredentials(repository)}: ${reason || `git ended with ${code}`}`,
        ),
      );
    });
  });
}

/** The caller may sit in a repository of its own, whose variables must not lead there. */
function gitEnvironment(settings: GitRun['settings']): NodeJS.ProcessEnv {
  const { GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE, GIT_OBJECT_DIRECTORY, ...rest } = process.env;
  const first = Number(rest['GIT_CONFIG_COUNT'] ?? 0) || 0;
  for (const [index, [name, value]] of settings.entries()) {
    rest[`GIT_CONFIG_KEY_${first + index}`] = name;
    rest[`GIT_CONFIG_VALUE_${first + index}`] = value;
  }
  if (settings.length > 0) rest['GIT_CONFIG_COUNT'] = String(first + settings.length);
  return { ...rest, GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '', LC_ALL: 'C' };
}

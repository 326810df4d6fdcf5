import { mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { errnoOf, InvalidSpecError, NotFoundError, UsageError } from '../base/errors.ts';
import type { ContextPlace } from './context-place.ts';
import { makeContextDirectory } from './context-place.ts';
import type { ContextSource } from './context-source.ts';
import { fetchGit } from './git-context.ts';
import { IGNORES_NOTHING, type IgnoreMatcher } from './ignore-file.ts';
import { unpackContext } from './unpack-context.ts';

/** Files for COPY, ADD and bind mounts. Whoever reads them resolves every path beneath `directory`. */
export interface OpenContext {
  directory: string;
  ignored: IgnoreMatcher;
  /** Idempotent; removes what was fetched. */
  close(): Promise<void>;
}

export interface ContextContents {
  directory: string;
  /** True for what came from elsewhere: its links are not the user's. */
  fetched: boolean;
  /** The context was nothing but a Containerfile. */
  text: string | undefined;
  /** The context was named by a file in it. */
  file: string | undefined;
  close(): Promise<void>;
}

export interface OpenContextOptions {
  place: ContextPlace;
  workingDirectory: string;
  stdin: (() => NodeJS.ReadableStream) | undefined;
  keepGitDirectory: boolean;
}

/** Brings the context onto this machine where it is not there yet. */
export async function openContents(
  source: Exclude<ContextSource, { kind: 'image' }>,
  options: OpenContextOptions,
): Promise<ContextContents> {
  if (source.kind === 'directory') return localContents(resolve(options.workingDirectory, source.path));
  const { place } = options;
  const directory = makeContextDirectory(place);
  const close = (): Promise<void> => place.system.removeTree(directory);
  try {
    // Its mode is that of copies of the whole; what keeps others out is the directory above.
    const inner = join(directory, 'context');
    mkdirSync(inner, { mode: 0o755 });
    const contents = await bring(source, inner, options);
    return { ...contents, fetched: true, file: undefined, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export async function openNamedContext(
  source: Exclude<ContextSource, { kind: 'image' }>,
  options: OpenContextOptions,
): Promise<OpenContext> {
  const { directory, text, file, close } = await openContents(source, options);
  if (text === undefined && file === undefined) return { directory, ignored: IGNORES_NOTHING, close };
  await close();
  throw new InvalidSpecError('a named build context must be a directory, a repository or a tar archive');
}

async function bring(
  source: Exclude<ContextSource, { kind: 'image' | 'directory' }>,
  directory: string,
  { place, stdin, keepGitDirectory }: OpenContextOptions,
): Promise<{ directory: string; text: string | undefined }> {
  switch (source.kind) {
    case 'git':
      return { directory: await fetchGit(source, { place, directory, keepGitDirectory }), text: undefined };
    case 'stdin': {
      if (stdin === undefined) throw new UsageError('the build context cannot be read from stdin here');
      return { directory, text: await unpackContext(stdin() as Readable, directory, place) };
    }
    case 'url': {
      const { fetchUrl } = await import('../image/fetch-url.ts');
      const answer = await fetchUrl(source.url, place.signal);
      try {
        return { directory, text: await unpackContext(answer.body, directory, place) };
      } finally {
        await answer.close();
      }
    }
  }
}

function localContents(path: string): ContextContents {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new NotFoundError('image', path, {
      message: `the build context ${path} does not exist`,
      cause: error,
    });
  }
  return {
    directory: isDirectory ? path : dirname(path),
    fetched: false,
    text: undefined,
    file: isDirectory ? undefined : basename(path),
    close: async () => {},
  };
}

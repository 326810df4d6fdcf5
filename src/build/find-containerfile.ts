import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { NotFoundError, UnsupportedError, UsageError } from '../base/errors.ts';
import { readBounded } from '../image/bounded-body.ts';
import { readContextFile, readNamedFile } from './context-file.ts';
import type { ContextContents } from './open-context.ts';
import type { Syscalls } from '../native/syscalls.ts';

export interface FoundContainerfile {
  /** For messages. */
  name: string;
  text: string;
  /** Where `NAME.containerignore` may lie; `inContext` says that the path is relative to the context. */
  path: string | undefined;
  inContext: boolean;
}

export interface FindOptions {
  system: Syscalls;
  files: readonly string[];
  workingDirectory: string;
  stdin: (() => NodeJS.ReadableStream) | undefined;
  signal: AbortSignal | undefined;
}

const NAMES = ['Containerfile', 'Dockerfile'];
const LARGEST = 16 << 20;

/** Several files are one text, in the order given. */
export async function findContainerfile(
  contents: ContextContents,
  options: FindOptions,
): Promise<FoundContainerfile> {
  if (options.files.length === 0) return findDefault(contents, options.system);
  const found: FoundContainerfile[] = [];
  for (const file of options.files) found.push(await findOne(file, contents, options));
  const [first] = found;
  if (first === undefined) throw new UsageError('no Containerfile is given');
  return { ...first, text: found.map(({ text }) => text).join('\n') };
}

function findDefault(contents: ContextContents, system: Syscalls): FoundContainerfile {
  const { directory, text, file } = contents;
  if (text !== undefined) return { name: 'Dockerfile', text, path: undefined, inContext: true };
  for (const name of file === undefined ? NAMES : [file]) {
    const found = readContextFile(system, directory, name);
    if (found !== undefined) return { name, text: found, path: name, inContext: true };
  }
  throw new NotFoundError('image', directory, {
    message: `there is no Containerfile or Dockerfile in ${contents.fetched ? 'the build context' : directory}`,
    hint: 'name another file with --file, or another directory as context',
  });
}

async function findOne(
  file: string,
  { directory, fetched }: ContextContents,
  { system, workingDirectory, stdin, signal }: FindOptions,
): Promise<FoundContainerfile> {
  if (file === '-') {
    if (stdin === undefined) throw new UsageError('the Containerfile cannot be read from stdin here');
    const text = await readBounded(stdin() as Readable, LARGEST, 'the Containerfile on stdin');
    return { name: '-', text: text.toString('utf8'), path: undefined, inContext: false };
  }
  if (/^https?:\/\//.test(file)) return { ...(await fetchFile(new URL(file), signal)) };
  if (file.endsWith('.in'))
    throw new UnsupportedError(`${file} needs the C preprocessor, which is not run`, {
      hint: 'run `cpp -P` on it and build from the outcome',
    });
  const named = resolve(workingDirectory, file);
  const path = isDirectory(named) ? (NAMES.map((name) => join(named, name)).find(isThere) ?? named) : named;
  // A file beside a context from elsewhere is not meant: the name is one within it.
  const text = fetched ? undefined : readNamedFile(path);
  if (text !== undefined) return { name: file, text, path, inContext: false };
  const within = readContextFile(system, directory, file);
  if (within !== undefined) return { name: file, text: within, path: file, inContext: true };
  const places = fetched ? ' in the build context' : `, neither here nor in ${directory}`;
  throw new NotFoundError('file', file, { message: `there is no file ${file}${places}` });
}

async function fetchFile(url: URL, signal: AbortSignal | undefined): Promise<FoundContainerfile> {
  const { fetchUrl } = await import('../image/fetch-url.ts');
  const answer = await fetchUrl(url, signal);
  try {
    const text = await readBounded(answer.body, LARGEST, url.pathname);
    return { name: basename(url.pathname), text: text.toString('utf8'), path: undefined, inContext: false };
  } finally {
    await answer.close();
  }
}

/** The context of `build -f FILE` without any. */
export function directoryOfFile(file: string, workingDirectory: string): string {
  return dirname(resolve(workingDirectory, file));
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

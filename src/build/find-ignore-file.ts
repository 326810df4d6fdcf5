import { resolve } from 'node:path';
import { NotFoundError } from '../base/errors.ts';
import type { Syscalls } from '../native/syscalls.ts';
import { readContextFile, readNamedFile } from './context-file.ts';
import type { FoundContainerfile } from './find-containerfile.ts';
import { IGNORES_NOTHING, type IgnoreMatcher, parseIgnoreFile } from './ignore-file.ts';

export interface IgnoreFileOptions {
  system: Syscalls;
  directory: string;
  containerfile: FoundContainerfile;
  /** `--ignorefile` */
  given: string | undefined;
  workingDirectory: string;
}

/** The one that was named, else the one of this Containerfile, else the context's. */
export function findIgnoreFile(options: IgnoreFileOptions): IgnoreMatcher {
  const { system, directory, containerfile, given, workingDirectory } = options;
  if (given !== undefined) {
    const text = readNamedFile(resolve(workingDirectory, given));
    if (text === undefined)
      throw new NotFoundError('image', given, { message: `there is no ignore file ${given}` });
    return parseIgnoreFile(text, given);
  }
  const { path, inContext } = containerfile;
  for (const suffix of ['.containerignore', '.dockerignore']) {
    if (path === undefined) break;
    const name = `${path}${suffix}`;
    const text = inContext ? readContextFile(system, directory, name) : readNamedFile(name);
    if (text !== undefined) return parseIgnoreFile(text, name);
  }
  for (const name of ['.containerignore', '.dockerignore']) {
    const text = readContextFile(system, directory, name);
    if (text !== undefined) return parseIgnoreFile(text, name);
  }
  return IGNORES_NOTHING;
}

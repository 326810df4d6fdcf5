import { mkdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { errnoOf, messageOf } from '../base/errors.ts';
import { kernelRelease } from '../base/kernel.ts';
import { log } from '../base/log.ts';
import type { RuntimeRef } from './runtime-client.ts';
import type { RuntimeSpec } from './runtime-spec.ts';

/** crun takes the compiled filter from here, as base64; its flags still come from the document's `seccomp`. */
export const COMPILED_SECCOMP = 'run.oci.seccomp_bpf_data';
const ANNOTATIONS = 'run.oci.seccomp';
const FILES = 64;

/**
 * Compiling a seccomp profile is most of what crun does for a container, and gives the same every time. The filter that it left
 * with an earlier container of the very same profile is handed to it, together with the profile.
 * Returns what is to be called once the runtime has started the container, so that its filter serves the next one.
 */
export function useCompiledSeccomp(
  document: RuntimeSpec,
  runtime: RuntimeRef,
  runRoot: string,
): ((containerId: string) => void) | undefined {
  const { seccomp } = document.linux;
  if (runtime.name !== 'crun' || seccomp === undefined || isSpecial(document)) return undefined;
  const key = keyOf(runtime, seccomp);
  const directory = join(runRoot, 'seccomp');
  // Another profile of the same name takes its place: the key is compared as a whole.
  const file = join(directory, String(key.length % FILES));
  const filter = readFilter(file, key);
  if (filter === undefined) return (id) => keepFilter(runtime, id, { directory, file, key });
  document.annotations = { ...document.annotations, [COMPILED_SECCOMP]: filter };
  return undefined;
}

/** The user has a say in it by annotations, or a program of the host answers for the filter. */
function isSpecial({ annotations = {}, linux }: RuntimeSpec): boolean {
  return (
    linux.seccomp?.['listenerPath'] !== undefined ||
    Object.keys(annotations).some((name) => name.startsWith(ANNOTATIONS))
  );
}

/** All that a filter depends on: the profile, and by which runtime and library it is compiled, for which kernel. */
function keyOf(runtime: RuntimeRef, seccomp: Record<string, unknown>): string {
  // Whenever a library is installed, the loader's cache is written anew.
  const made = [runtime.path, '/etc/ld.so.cache'].map(identityOf);
  return JSON.stringify([...made, kernelRelease(), process.arch, seccomp]);
}

function identityOf(path: string): unknown[] {
  const stat: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? [path] : [path, stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs];
}

/** A container without its filter must never run: of a file that is not whole, or damaged, the two copies differ. */
function readFilter(file: string, key: string): string | undefined {
  try {
    const [knownKey, filter, copy, end] = readFileSync(file, 'latin1').split('\n');
    return knownKey === key && filter !== '' && filter === copy && end === END ? filter : undefined;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') log('info', `cannot read ${file}: ${messageOf(error)}`);
    return undefined;
  }
}

const END = 'end';

interface CacheEntry {
  directory: string;
  file: string;
  key: string;
}

function keepFilter(runtime: RuntimeRef, containerId: string, entry: CacheEntry): void {
  const { directory, file, key } = entry;
  try {
    // Newer versions keep filters themselves.
    if (statSync(join(runtime.stateRoot, '.cache'), { throwIfNoEntry: false }) !== undefined) return;
    const filter = readFileSync(join(runtime.stateRoot, containerId, 'seccomp.bpf')).toString('base64');
    if (filter === '') return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileAtomic(file, [key, filter, filter, END].join('\n'), { durable: false });
  } catch (error) {
    // Gone with a container that has ended already, for one.
    log('debug', `cannot keep the seccomp filter of container ${containerId}: ${messageOf(error)}`);
  }
}

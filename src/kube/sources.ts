import { InvalidSpecError, NotFoundError } from '../base/errors.ts';
import type { Field } from './field.ts';

/** Data by key. */
export type ConfigMapData = ReadonlyMap<string, Uint8Array>;

/** What the documents of pods refer to, and what the caller has decided. */
export interface PlayContext {
  configMaps: ReadonlyMap<string, ConfigMapData>;
  /** Keys of a secret, of the documents or kept; undefined when there is none. */
  secretKeys(name: string): readonly string[] | undefined;
  newId(): string;
  /** Takes the paths of what is left out of the documents. */
  leaveOut(paths: readonly string[]): void;
  seccompRoot: string;
  /** Whether the host has SELinux. Without it labels say nothing, as with podman. */
  selinux: boolean;
  publishAll: boolean;
  noPodPrefix: boolean;
  /** `--annotation`; they win over the documents'. */
  annotations: Readonly<Record<string, string>>;
  labels: Readonly<Record<string, string>>;
}

/** A map that has to be there, unless it is optional. */
export function configMapFor(
  context: PlayContext,
  name: string,
  { path }: Field,
  optional: boolean,
): ConfigMapData | undefined {
  const found = context.configMaps.get(name);
  if (found !== undefined || optional) return found;
  throw new NotFoundError('file', name, {
    message: `${path}: there is no ConfigMap ${JSON.stringify(name)}`,
    hint: 'put its document into the same file, or name its file: --configmap',
  });
}

export function secretKeysFor(
  context: PlayContext,
  name: string,
  { path }: Field,
  optional: boolean,
): readonly string[] | undefined {
  const found = context.secretKeys(name);
  if (found !== undefined || optional) return found;
  throw new NotFoundError('secret', name, {
    message: `${path}: there is no Secret ${JSON.stringify(name)}`,
    hint: 'put its document into the same file, or play its file before',
  });
}

export function missingKey(key: string, of: string, { path }: Field): InvalidSpecError {
  return new InvalidSpecError(`${path}: ${of} has no key ${JSON.stringify(key)}`);
}

/** Where profiles of the type Localhost are looked for. */
export const DEFAULT_SECCOMP_ROOT = '/var/lib/kubelet/seccomp';

import type { Digest } from '../base/ids.ts';
import type { Database } from '../state/db.ts';
import type { ImageRecord, Store } from '../storage/store.ts';
import type { PlatformOptions } from './manifest.ts';
import type { RegistryAccess } from './push-options.ts';
import type { ShortNamePolicy } from './short-names.ts';

export interface PullContext {
  store: Store;
  /** For events. */
  db?: Database | undefined;
  /** `locks` below the run root: two processes that pull the same layer fetch it once. */
  leaseDirectory: string;
  /** For archives that come compressed; default `<graph root>/tmp`. */
  temporary?: string | undefined;
  signal?: AbortSignal | undefined;
  progress?: ((event: PullEvent) => void) | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

export type PullPolicy = 'always' | 'missing' | 'never' | 'newer';

export interface PullOptions extends PlatformOptions, RegistryAccess {
  /** Default 'always', as `pull` has it; `run` and `create` use 'missing'. */
  policy?: PullPolicy | undefined;
  shortNames?: ShortNamePolicy | undefined;
}

/** What happens meanwhile; plain data, printing is for others. */
export type PullEvent =
  | { kind: 'trying'; name: string }
  /** A candidate or mirror failed and the next is tried. */
  | { kind: 'failed'; name: string; reason: string }
  | { kind: 'layer'; digest: Digest; current: number; total: number; state: LayerProgress }
  | { kind: 'config'; digest: Digest }
  | { kind: 'stored'; id: string };

export type LayerProgress = 'exists' | 'waiting' | 'downloading' | 'done';

export interface PullReport {
  image: ImageRecord;
  /** The normalised name that it was pulled under, `…@digest` for a pull by digest; the local name if nothing was pulled. */
  name: string;
  /** False when the policy was content with the local image. */
  pulled: boolean;
  /** For stderr, e.g. that the image is for another platform. */
  warnings: string[];
}

import type { Database } from '../state/db.ts';
import type { ImageRecord, Store } from '../storage/store.ts';
import type { ImageConfig } from '../oci/image-spec.ts';
import { isPlatformMatch, namesPlatform, type PlatformOptions, wantedPlatform } from './manifest.ts';
import type { PullEvent } from './pull-options.ts';

export interface LoadContext {
  store: Store;
  /** For events. */
  db?: Database | undefined;
  leaseDirectory: string;
  /** Where archives that come compressed or by a stream are unpacked; default `<graph root>/tmp`. */
  temporary?: string | undefined;
  signal?: AbortSignal | undefined;
  progress?: ((event: PullEvent) => void) | undefined;
}

export interface LoadOptions extends PlatformOptions {
  /** Load only the image of this name (`docker-archive:file:name`), or the one that `@0` counts. */
  only?: string | undefined;
  /** A policy.json in place of the user's and the system's. */
  signaturePolicy?: string | undefined;
}

/** Whether an image of the archive is one that was asked for. */
export function isWanted(config: ImageConfig, options: LoadOptions): boolean {
  return !namesPlatform(options) || isPlatformMatch(config, wantedPlatform(options));
}

export interface LoadedImage {
  image: ImageRecord;
  /** Normalised names that it got; may be none. */
  names: string[];
}

import type { Digest } from '../base/ids.ts';
import type { Database } from '../state/db.ts';
import type { Store } from '../storage/store.ts';
import type { Credentials } from './auth-file.ts';
import type { BlobCompression } from './compress-blocks.ts';
import type { ManifestFormat } from './image-manifest.ts';
import type { PullEvent } from './pull-options.ts';
import type { RetryPolicy } from './registry-client.ts';
import type { Timeouts } from './registry-http.ts';

export interface PushContext {
  store: Store;
  db: Database;
  /** For compressed layers whose size must be known beforehand; default `<graph root>/tmp`. */
  temporary?: string | undefined;
  signal?: AbortSignal | undefined;
  progress?: ((event: PullEvent) => void) | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/** How registries are reached. */
export interface RegistryAccess {
  /** Undefined: registries.conf decides, else true. */
  tlsVerify?: boolean | undefined;
  /** From the body or a header of a request; wins over `creds`. */
  credentials?: Credentials | undefined;
  /** `user:password` */
  creds?: string | undefined;
  authfile?: string | undefined;
  certDir?: string | undefined;
  /** A policy.json in place of the user's and the system's; only what is fetched is held against it. */
  signaturePolicy?: string | undefined;
  retry?: RetryPolicy | undefined;
  timeouts?: Partial<Timeouts> | undefined;
}

export interface PushOptions extends RegistryAccess {
  format?: ManifestFormat | undefined;
  /** Default gzip for registries and OCI layouts. */
  compression?: BlobCompression | undefined;
  compressionLevel?: number | undefined;
  /** Blobs of another compression that the registry has are not taken. */
  forceCompression?: boolean | undefined;
}

export interface PushReport {
  /** Normalised, or the place of an archive. */
  name: string;
  /** Of the manifest; undefined for formats that have none. */
  digest: Digest | undefined;
  manifestSize: number;
  /** Of the manifest, for registries. */
  mediaType?: string | undefined;
}

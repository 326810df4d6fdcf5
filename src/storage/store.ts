import type { Readable } from 'node:stream';
import type { Digest } from '../base/ids.ts';
import type { ImageConfig } from '../oci/image-spec.ts';
import type { Change } from './changes.ts';
import type { RootfsIdMaps } from './id-owners.ts';
import type { PartialBlob } from './partial-blobs.ts';

export type { Change } from './changes.ts';
export type { RootfsIdMaps } from './id-owners.ts';

/**
 * The contract of the local store: layers, images and the file systems of containers. Opened by `openStore`
 * (open-store.ts). Rows live in the state DB, bytes under the graph root. Every method is safe to call from several
 * processes at once; nothing becomes visible before it is complete and verified.
 */
export interface Store {
  readonly graphRoot: string;
  readonly driverName: string;
  readonly layers: LayerStore;
  readonly images: ImageStore;
  readonly rootfs: RootfsStore;
}

export type LayerCompression = 'gzip' | 'zstd' | 'none';

export interface LayerRecord {
  id: string;
  chainId: Digest;
  diffId: Digest;
  parentId: string | undefined;
  /** Bytes of the uncompressed tar. */
  tarSize: number;
  /** Bytes on disk as du counts them. */
  diskSize: number;
  blobDigest: Digest | undefined;
  blobSize: number | undefined;
  mediaType: string | undefined;
  createdAt: string;
  /** The graph root of the additional store that it is in. */
  store?: string | undefined;
}

export interface ApplyOptions {
  /**
   * The layer below. A promise lets several layers of one image arrive at the same time: bytes are taken in (and unpacked
   * where the driver does not need the parent's files) at once, the layer is completed after its parent. If the promise
   * rejects, this layer is dropped and rejects with the same error.
   */
  parent: LayerRecord | undefined | Promise<LayerRecord | undefined>;
  /** Expected; a mismatch throws IntegrityError and leaves nothing. */
  diffId: Digest;
  /** Given when `parent` is a promise: the id that the layer will have. */
  chainId?: Digest | undefined;
  /** The tar stream as it arrives, still compressed. Errors of the stream abort the layer. */
  source: Readable;
  /** 'detect' looks at the first bytes. */
  compression: LayerCompression | 'detect';
  /** Digest and size of the bytes of `source`; checked when given. */
  blobDigest?: Digest | undefined;
  blobSize?: number | undefined;
  mediaType?: string | undefined;
  /** What there is of the blob already, for sources that add to it and begin behind it. It is kept after a failure that may pass. */
  partial?: PartialBlob | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the number of (compressed) bytes taken in so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

export interface CommitLayerOptions {
  containerId: string;
  /** The layer that the container stands on. */
  topLayerId: string | undefined;
  /**
   * `take` moves the container's files into the store without copying them: it must not be mounted, and only be removed
   * afterwards. `copy` leaves it as it is; files that change meanwhile are stored as they are met.
   */
  mode: 'take' | 'copy';
  /** Seconds since 1970 that all files get as their time of change. */
  modifiedAt?: number | undefined;
  /** Paths of directories that only count when something in them does: mounting has touched them. */
  touched?: ReadonlySet<string> | undefined;
  signal?: AbortSignal | undefined;
  /** As for RootfsOptions: the layer gets the owners that the container sees. */
  idMaps?: RootfsIdMaps | undefined;
  /** Called once all has been read; throws when that does not count, and then there is no layer. */
  check?: (() => void) | undefined;
}

export interface LayerStore {
  /** The complete layer with that chain id, or undefined. */
  find(chainId: Digest): LayerRecord | undefined;
  get(id: string): LayerRecord | undefined;
  /** From the given layer down to the base. */
  chain(topId: string): LayerRecord[];
  /** Unpacks one layer. If another process completes the same chain id first, its layer is returned. */
  apply(options: ApplyOptions): Promise<LayerRecord>;
  /**
   * What the container has changed as a layer on top of its own top layer; digests are taken in the same pass. An equal layer that is
   * there already is returned instead. The new one stays this process's until an image or a row of the build cache holds it.
   */
  commit(options: CommitLayerOptions): Promise<LayerRecord>;
  /** The layer's exact uncompressed tar again, byte for byte (its digest is the diff id). */
  export(id: string): Readable;
  /** The same in buffers from `take`, each filled but the last. */
  exportBlocks(id: string, take: () => Buffer): AsyncIterable<Buffer>;
  /**
   * Deletes the layers that nothing refers to (images, containers, child layers); returns bytes freed. `inBackground`: the files of large
   * ones are gone from their place, and their space comes free a little later.
   */
  removeUnused(options?: { inBackground?: boolean }): Promise<number>;
}

export interface ImageRecord {
  /** Hex of the config's digest. */
  id: string;
  manifestDigest: Digest;
  /** Byte for byte. */
  manifest: string;
  manifestType: string;
  /** Byte for byte; `config` is the same, parsed and validated. */
  rawConfig: string;
  config: ImageConfig;
  topLayerId: string | undefined;
  /** domain/path:tag, newest first. */
  names: string[];
  /** domain/path@digest. */
  repoDigests: string[];
  size: number;
  createdAt: string;
  pulledAt: string;
  /** The graph root of the additional store that it is in. */
  readOnlyStore?: string | undefined;
}

export interface NewImage {
  manifest: string;
  manifestType: string;
  rawConfig: string;
  topLayerId: string | undefined;
  /** Normalised names that point to it from now on (taken away from the image that had them). */
  names: readonly string[];
  /** [domain/path, digest of manifest or index] pairs. */
  digests: readonly (readonly [string, Digest])[];
}

export interface ImageStore {
  /** Idempotent: an image that is there only gets the new names and digests. One durable transaction. */
  add(image: NewImage): ImageRecord;
  byId(id: string): ImageRecord | undefined;
  /** By normalised domain/path:tag. */
  byName(name: string): ImageRecord | undefined;
  /** By domain/path and digest of manifest or index. */
  byDigest(repository: string, digest: Digest): ImageRecord | undefined;
  /** All whose id begins with the hex digits. */
  byIdPrefix(prefix: string): ImageRecord[];
  /** All normalised names; cheap. */
  names(): { name: string; imageId: string }[];
  list(): ImageRecord[];
  setName(id: string, name: string): void;
  removeName(name: string): void;
  /** It can also be found by this domain/path and digest; nothing happens when the image is gone. */
  addDigest(id: string, digest: readonly [string, Digest]): void;
  /** Removes the record; its layers go with `layers.removeUnused`. */
  remove(id: string): void;
}

export interface RootfsOptions {
  /** The container's id; its directory is `<graphRoot>/containers/<id>`. */
  containerId: string;
  topLayerId: string | undefined;
  /** Mount options from --storage-opt and the like. */
  options?: readonly string[];
  readOnly?: boolean;
  /** SELinux mount label; usually absent. */
  mountLabel?: string | undefined;
  /** Of a container in a user namespace of its own; the same at every call. */
  idMaps?: RootfsIdMaps | undefined;
  /** The root is this directory of the host; there are no layers then. */
  directory?: HostRoot | undefined;
  quota?: RootfsQuota | undefined;
}

/** What the container may write; counted by the file system under that number. */
export interface RootfsQuota {
  project: number;
  /** Bytes. */
  size?: number;
  inodes?: number;
}

export interface HostRoot {
  path: string;
  /** Changes are kept beside it, where those of a container on layers would be. */
  overlay: boolean;
  /** Its files are shown with the owners that these give. */
  idMaps?: RootfsIdMaps | undefined;
}

/** A directory with the changes of somebody else upon it. */
export interface OverlayPlaces {
  lower: string;
  upper: string;
  work: string;
  target: string;
}

export interface RootfsStore {
  /** Makes upper and work directories; idempotent. */
  create(options: RootfsOptions): Promise<void>;
  /** Mounts (idempotent) and returns the absolute merged directory. */
  mount(options: RootfsOptions): Promise<string>;
  /** Unmounts; not mounted is fine. Never throws for a busy mount: it is detached. */
  unmount(containerId: string): void;
  isMounted(containerId: string): boolean;
  /** Shows the files of a layer and all below it, read-only, at any directory (made when missing). Idempotent. */
  mountLayers(topLayerId: string | undefined, target: string): Promise<void>;
  /** Not mounted is fine. */
  unmountLayers(target: string): void;
  hasLayersAt(target: string): boolean;
  /** Shows a directory at `target`; what is written there goes to `upper`. All but the first are made when missing. */
  mountOver(places: OverlayPlaces): Promise<void>;
  /** What `mountOver` mounted; not mounted is fine. */
  unmountOver(target: string): void;
  /**
   * Unmounts and renames into trash, at once: throws when that fails. What it returns resolves when the space is free. Not there is
   * fine.
   */
  remove(containerId: string, project?: number): Promise<void>;
  /** A number that no file here has, for a quota; throws UnsupportedError where the file system or the driver keeps none. */
  drawProject(): number;
  /**
   * What the container has changed, parents before children, names in byte order; `topLayerId` is its image's. Paths are
   * relative latin1 text (a character per byte), '' is the root. Throws UnsupportedError for a directory of the host without overlay.
   */
  changes(options: RootfsOptions): Promise<Iterable<Change>>;
  /** The same as the tar of a layer, for commit. Pause or stop the container first. */
  diff(options: RootfsOptions): Readable;
  /** Bytes of the files in the container's own layer. */
  usage(containerId: string): Promise<number>;
}

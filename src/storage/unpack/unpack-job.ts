import type { Digest } from '../../base/ids.ts';

/** How a layer says that something of a lower one is gone. */
export type WhiteoutStyle =
  /** Character devices 0/0 and an attribute on opaque directories, for union mounts. */
  | { kind: 'overlay'; opaqueXattrs: readonly string[] }
  /** The directory holds a full copy of the lower layers, from which the file is deleted. */
  | { kind: 'delete' };

/** Plain data: it crosses to the worker thread. */
export interface UnpackJob {
  /** Names the layer in messages. */
  label: string;
  /** Exists, owned by nobody else, with `diff` in it. */
  diff: string;
  tarSplit: string;
  replaced: string;
  whiteouts: WhiteoutStyle;
  inUserNamespace: boolean;
  /** Owners that have no number in the user namespace become our own. */
  ignoresOwners?: boolean;
}

/** Where whoever pours the tar in and whoever unpacks it agree on how far it is. In bytes of the tar. */
export interface UnpackMarks {
  /** Asked for: to be told when as many are on disk. */
  wanted(): number;
  /** That many are on disk, and the tar-split file tells where. */
  reach(bytes: number): void;
}

export interface UnpackResult {
  diffId: Digest;
  tarSize: number;
  diskSize: number;
  entries: number;
  /** Directories that the tar implies but does not list, as latin1; '' for the root. */
  implied: string[];
}

/** Errors as they cross back. */
export interface UnpackFailure {
  kind: 'integrity' | 'storage' | 'aborted' | 'bug';
  message: string;
  hint: string | undefined;
  stack: string | undefined;
}

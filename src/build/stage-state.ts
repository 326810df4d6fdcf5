import type { Digest } from '../base/ids.ts';
import type { RunConfigDocument } from '../image/change-config.ts';
import type { ImageRecord, LayerRecord } from '../storage/store.ts';
import type { StageScope } from './stage-scope.ts';

/** An entry of an image's history, in its own spelling. */
export interface HistoryDocument {
  /** Undefined: the date of the image, once it is made. */
  created?: string | undefined;
  created_by?: string;
  author?: string;
  comment?: string;
  empty_layer?: boolean;
}

/** What has become of a stage so far. */
export interface StageState {
  /** The image configuration but for `config`, `history` and `rootfs`. */
  document: Record<string, unknown>;
  /** Its `config`: defaults for containers, in their own spelling. */
  run: RunConfigDocument;
  history: HistoryDocument[];
  /** Undefined: no file at all. */
  top: LayerRecord | undefined;
  /** Layers of the base. */
  baseTop: LayerRecord | undefined;
  baseImage: { image: ImageRecord; name: string } | undefined;
  scope: StageScope;
  /** `linux/amd64` */
  platform: string;
  /** CMD came in this stage: an ENTRYPOINT after it does not remove it. */
  hasOwnCommand: boolean;
}

export const EMPTY_CHAIN = 'scratch';

/** Tells all files of the stage. */
export function chainOf(top: LayerRecord | undefined): Digest | typeof EMPTY_CHAIN {
  return top?.chainId ?? EMPTY_CHAIN;
}

export function textOf(run: RunConfigDocument, member: string): string {
  const value = run[member];
  return typeof value === 'string' ? value : '';
}

export function wordsOf(run: RunConfigDocument, member: string): string[] {
  const value = run[member];
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}

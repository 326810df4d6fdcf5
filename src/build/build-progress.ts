import type { PullEvent } from '../image/pull-options.ts';
import type { SourceWarning } from './instruction.ts';

/** Command line and API show the same stream of these; plain data, printing is for others. */
export type BuildEvent =
  /** First of all; `stages` are those that will be built, in order. Again when a base brings ONBUILD steps along. */
  | { kind: 'plan'; stages: readonly StageSummary[] }
  | { kind: 'step-started'; step: StepId; text: string }
  | { kind: 'step-cached'; step: StepId; imageId: string | undefined }
  /** `imageId` is that of the intermediate image, undefined where none was made. */
  | { kind: 'step-done'; step: StepId; imageId: string | undefined; durationMs: number }
  | { kind: 'step-failed'; step: StepId; reason: string }
  /** What RUN prints, as it comes: chunks do not end with lines. */
  | { kind: 'output'; step: StepId; stream: 'stdout' | 'stderr'; chunk: Buffer }
  | { kind: 'pull'; event: PullEvent }
  | { kind: 'fetch'; url: string; current: number; total: number | undefined }
  | { kind: 'warning'; warning: SourceWarning | { message: string } }
  | { kind: 'commit'; name: string | undefined }
  | { kind: 'built'; imageId: string; names: readonly string[] };

export interface StageSummary {
  index: number;
  name: string | undefined;
  /** FROM is the first. */
  steps: number;
  platform: string;
}

export interface StepId {
  /** Index of the stage in the file. */
  stage: number;
  /** From 1, which is FROM. */
  step: number;
  /** Differs from the first only when several platforms are built. */
  platform: string;
}

export type BuildProgress = (event: BuildEvent) => void;

/** What a build comes to. */
export interface BuildReport {
  /** Of the target, hexadecimal; undefined when only files went out (`--output type=local`). */
  imageId: string | undefined;
  names: readonly string[];
  warnings: readonly string[];
}

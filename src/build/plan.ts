import type { Directives, ParsedInstruction, ParsedStage, SourceWarning } from './instruction.ts';

/** The stages that the target needs, in an order in which each comes after those that it depends on. */
export interface BuildPlan {
  fileName: string;
  directives: Directives;
  stages: readonly PlannedStage[];
  /** The last of `stages`. */
  target: PlannedStage;
  /** `--build-context`. */
  contexts: NamedContexts;
  /** Given with `--build-arg`, but no ARG of the file takes them. */
  unusedBuildArgs: readonly string[];
  /** Platform args, build args and ARG before FROM: what a bare `ARG NAME` in a stage takes its value from. */
  globals: GlobalScope;
  warnings: readonly SourceWarning[];
}

export interface PlannedStage extends Omit<ParsedStage, 'base' | 'platform'> {
  base: StageSource;
  /** `linux/amd64`; FROM --platform, else the target's. */
  platform: string;
  /** FROM with its variables expanded. */
  text: string;
  instructions: readonly ParsedInstruction[];
  /** Indexes of stages, by FROM, COPY --from and RUN --mount from. */
  dependsOn: readonly number[];
}

/** What FROM, `--from` and `from=` mean. */
export type StageSource =
  | { kind: 'scratch' }
  | { kind: 'stage'; index: number }
  | { kind: 'context'; name: string }
  | { kind: 'image'; name: string };

/** What the names of `--build-context` stand for: an image, or files (`StageSource` of the kind context). */
export type NamedContexts = ReadonlyMap<string, { kind: 'image'; name: string } | { kind: 'files' }>;

export interface GlobalScope {
  /** `--build-arg`, case-sensitive. */
  buildArgs: ReadonlyMap<string, string>;
  /** ARG before the first FROM, expanded, build args taken into account. */
  globalArgs: ReadonlyMap<string, string>;
  /** TARGETPLATFORM, BUILDARCH, … : declared by ARG without a value they are visible. */
  platformArgs: ReadonlyMap<string, string>;
}

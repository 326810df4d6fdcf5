/**
 * What the parser makes of a Containerfile, in two steps. Parsing finds instructions, flags and heredocs and refuses what can be
 * known to be wrong without running anything. Resolving an instruction, once its stage has come to it, expands its variables:
 * only then the environment of the base image is known.
 */

/** Where something was written; lines count from 1. */
export interface SourceRange {
  file: string;
  firstLine: number;
  lastLine: number;
}

/** The file that something comes from, to quote it in errors. */
export interface SourceText {
  fileName: string;
  text: string;
  escape: '\\' | '`';
}

export type Keyword =
  | 'ADD'
  | 'ARG'
  | 'CMD'
  | 'COPY'
  | 'ENTRYPOINT'
  | 'ENV'
  | 'EXPOSE'
  | 'HEALTHCHECK'
  | 'LABEL'
  | 'MAINTAINER'
  | 'ONBUILD'
  | 'RUN'
  | 'SHELL'
  | 'STOPSIGNAL'
  | 'USER'
  | 'VOLUME'
  | 'WORKDIR';

export interface Heredoc {
  /** The word that ends it; in COPY and ADD the name of the file. */
  name: string;
  /** False when the name was quoted: variables in the content stay as they are. */
  expand: boolean;
  /** `<<-`: leading tabs were cut off. */
  chomp: boolean;
  content: string;
}

/** `--name=value`; without a value for switches. */
export interface InstructionFlag {
  name: string;
  value: string | undefined;
}

/** Not expanded, but checked: flags are known to the keyword, JSON forms are sound, counts are right. */
export interface ParsedInstruction {
  keyword: Keyword;
  /** As written, keyword in capitals, continued lines joined, comments left out; without the bodies of heredocs. */
  raw: string;
  /** What follows keyword and flags, as in `raw`. */
  rest: string;
  flags: readonly InstructionFlag[];
  /** The JSON form; undefined in the shell form. */
  json: readonly string[] | undefined;
  heredocs: readonly Heredoc[];
  at: SourceRange;
  source: SourceText;
  /** The instruction behind ONBUILD. */
  trigger?: ParsedInstruction;
}

export interface ParsedStage {
  index: number;
  /** Lower case; undefined without AS. */
  name: string | undefined;
  /** Not expanded. */
  base: string;
  platform: string | undefined;
  raw: string;
  instructions: readonly ParsedInstruction[];
  at: SourceRange;
  source: SourceText;
}

export interface ParsedContainerfile {
  fileName: string;
  text: string;
  /** `# syntax=`, `# escape=`, `# check=`. */
  directives: Directives;
  /** ARG before the first FROM. */
  globalArgs: readonly ParsedInstruction[];
  stages: readonly ParsedStage[];
  warnings: readonly SourceWarning[];
}

export interface Directives {
  escape: '\\' | '`';
  syntax: string | undefined;
  check: string | undefined;
}

export interface SourceWarning {
  message: string;
  at: SourceRange;
}

/** `exec`: run as it is; `shell`: one text for the stage's SHELL. */
export type CommandForm = { form: 'exec'; words: readonly string[] } | { form: 'shell'; text: string };

/** Expanded: nothing in here contains variables any more, but for texts that a shell will read. */
export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CopyInstruction
  | EnvInstruction
  | ExposeInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | OnbuildInstruction
  | RunInstruction
  | { keyword: 'CMD' | 'ENTRYPOINT'; command: CommandForm }
  | { keyword: 'MAINTAINER'; name: string }
  | { keyword: 'SHELL'; shell: readonly string[] }
  | { keyword: 'STOPSIGNAL'; signal: string }
  | { keyword: 'USER'; user: string }
  | { keyword: 'VOLUME'; paths: readonly string[] }
  | { keyword: 'WORKDIR'; path: string };

export interface NamedValue {
  name: string;
  value: string;
}

export interface ArgInstruction {
  keyword: 'ARG';
  args: readonly { name: string; value: string | undefined }[];
}

export interface EnvInstruction {
  keyword: 'ENV';
  entries: readonly NamedValue[];
}

export interface LabelInstruction {
  keyword: 'LABEL';
  entries: readonly NamedValue[];
}

export interface ExposeInstruction {
  keyword: 'EXPOSE';
  /** `80/tcp`, ranges written out. */
  ports: readonly string[];
}

export interface OnbuildInstruction {
  keyword: 'ONBUILD';
  /** As it goes into the image's configuration. */
  trigger: string;
}

export interface HealthcheckInstruction {
  keyword: 'HEALTHCHECK';
  /** Undefined for NONE. Durations in nanoseconds; undefined: not given. */
  check:
    | {
        command: CommandForm;
        interval: number | undefined;
        timeout: number | undefined;
        startPeriod: number | undefined;
        startInterval: number | undefined;
        retries: number | undefined;
      }
    | undefined;
}

export interface RunInstruction {
  keyword: 'RUN';
  command: CommandForm | { form: 'script'; content: string };
  mounts: readonly RunMount[];
  network: 'default' | 'none' | 'host';
  security: 'sandbox' | 'insecure';
}

export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;

export interface BindMount {
  type: 'bind';
  target: string;
  /** Within `from`; `/` by default. */
  source: string;
  /** A stage, a named context or an image; undefined: the build context. */
  from: string | undefined;
  /** Writes go to a layer that is thrown away. */
  readWrite: boolean;
  selinux: 'z' | 'Z' | undefined;
}

export interface CacheMount {
  type: 'cache';
  target: string;
  /** By default the target. */
  id: string;
  readOnly: boolean;
  sharing: 'shared' | 'private' | 'locked';
  /** Fills a new cache. */
  from: string | undefined;
  source: string;
  mode: number;
  uid: number;
  gid: number;
}

export interface TmpfsMount {
  type: 'tmpfs';
  target: string;
  /** Bytes. */
  size: number | undefined;
  mode: number | undefined;
}

export interface SecretMount {
  type: 'secret';
  id: string;
  /** Undefined when only `env` was asked for. */
  target: string | undefined;
  env: string | undefined;
  required: boolean;
  mode: number;
  uid: number;
  gid: number;
}

export interface SshMount {
  type: 'ssh';
  id: string;
  /** Undefined: the executor chooses a place in the container. */
  target: string | undefined;
  required: boolean;
  mode: number;
  uid: number;
  gid: number;
}

export interface CopySources {
  /** Paths with wildcards, or for ADD addresses; in the order written. */
  sources: readonly string[];
  /** From heredocs; they come after `sources`. */
  files: readonly { name: string; content: string }[];
  /** As written: a trailing slash matters. Relative ones are beneath WORKDIR. */
  destination: string;
  /** `user[:group]`, names or numbers. */
  chown: string | undefined;
  /** Octal digits, or symbolic as for chmod(1). */
  chmod: string | undefined;
  link: boolean;
  parents: boolean;
  excludes: readonly string[];
}

export interface CopyInstruction extends CopySources {
  keyword: 'COPY';
  /** A stage (name or index), a named context or an image. */
  from: string | undefined;
}

export interface AddInstruction extends CopySources {
  keyword: 'ADD';
  keepGitDir: boolean;
  /** `sha256:…` of the one remote source. */
  checksum: string | undefined;
  /** Undefined: local archives are unpacked, fetched ones are not. */
  unpack: boolean | undefined;
}

import type { ErrorClassName } from '../base/errors.ts';
import type { Engine } from '../engine/engine.ts';
import type { CompletionProvider, FlagRecord, FlagValues } from './flag.ts';

export interface ArgumentSpec {
  /** As in the usage line: `CONTAINER [CONTAINER...]`. */
  usage: string;
  min: number;
  /** Infinity for any number. */
  max: number;
  complete?: CompletionProvider | readonly CompletionProvider[];
}

/**
 * A command is data; its code is behind `load`, so that parsing and help need none of it.
 * One record may have several paths: `container stop` and `stop` are one.
 */
export interface CommandRecord {
  /** The first is the one shown in help and man pages. */
  paths: readonly string[];
  summary: string;
  /** Longer text for help and man page; paragraphs separated by blank lines. */
  description?: string;
  examples: readonly string[];
  arguments: ArgumentSpec;
  flags: Readonly<Record<string, FlagRecord>>;
  /** Replace flags of the same key when the program is called as docker, where a form means something else or has another name. */
  dockerFlags?: Readonly<Record<string, FlagRecord>>;
  /** Option parsing ends at the first argument (run, create, exec). */
  stopAtFirstArgument?: boolean;
  /** All words behind the command are arguments, options too: they are another program's. */
  rawArguments?: boolean;
  /** Exit code per error class where it differs from the class's own. */
  exits?: Partial<Record<ErrorClassName, number>>;
  hidden?: boolean;
  /** Runs without opening any state: the engine is not even loaded. */
  withoutEngine?: boolean;
  load: () => Promise<{ run: CommandHandler }>;
}

export interface CommandInput {
  /** The path it was called by, e.g. `container ls`. */
  path: string;
  args: string[];
  flags: FlagValues;
  globals: GlobalOptions;
  /** True when the program was invoked as `docker`: short names and list output follow docker. */
  asDocker: boolean;
}

/** Returns the exit code. Errors are thrown; report-error.ts prints them. */
export type CommandHandler = (input: CommandInput, openEngine: () => Engine) => Promise<number>;

/** Options before the command; most are also accepted after it. */
export interface GlobalOptions {
  root?: string;
  runroot?: string;
  tmpdir?: string;
  runtime?: string;
  runtimeFlag?: string[];
  storageDriver?: string;
  storageOpt?: string[];
  cgroupManager?: string;
  conmon?: string;
  logLevel?: string;
  eventsBackend?: string;
  hooksDir?: string[];
  cdiSpecDir?: string[];
  module?: string[];
  networkConfigDir?: string;
  volumepath?: string;
  /** Directory of docker's config.json. */
  config?: string;
  debug?: boolean;
  /** Addresses of daemons, as docker's client has them. */
  host?: string[];
  context?: string;
  /** podman's words for a service to talk to. */
  remote?: boolean;
  url?: string;
  version?: boolean;
  help?: boolean;
}

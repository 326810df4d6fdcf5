import { existsSync } from 'node:fs';
import { UsageError } from '../base/errors.ts';
import { parseLogLevel, setLogLevel } from '../base/log.ts';
import type { Engine, EngineOptions } from '../engine/engine.ts';
import type { CommandRecord, GlobalOptions } from './command.ts';
import { isQuick, quickCommands } from './commands/quick.ts';
import { becomeWholeProgram, isQuickProgram } from './hand-over.ts';
import { printError, printLine } from './output/print.ts';
import { type CommandLine, parseCommandLine, UnknownCommandError } from './parse.ts';
import { UnknownFlagError } from './parse-flags.ts';
import { programName } from './program-name.ts';
import { reportError } from './report-error.ts';

type Invocation = Extract<CommandLine, { kind: 'command' }>;

const EXIT_USAGE = 125;

/** Runs one command line; every error ends here. Returns the exit code. */
export async function dispatch(argv: readonly string[]): Promise<number> {
  let record: CommandRecord | undefined;
  let path = '';
  // What is thrown where nobody waits for it is a bug too, and is to look like one of ours.
  process.on('uncaughtException', (error) => process.exit(reportError(error)));
  try {
    // Completion must never fail or print anything but candidates, whatever stands on the line.
    if (argv[0] === '__complete') return await (await import('./complete.ts')).complete(argv.slice(1));
    const line = parseQuick(argv) ?? parseCommandLine(argv, await allCommands(), programName());
    if (line.kind === 'version') return await printVersion();
    if (line.kind === 'help') return await printHelp(line);
    ({ record, path } = line);
    if (isQuickProgram() && !isQuick(record)) becomeWholeProgram();
    return await runCommand(line);
  } catch (error) {
    return reportError(await explain(error), record?.exits, path);
  }
}

/** Undefined where the quick commands do not tell: no such command among them, or help about all. */
function parseQuick(argv: readonly string[]): CommandLine | undefined {
  try {
    const line = parseCommandLine(argv, quickCommands, programName());
    return line.kind === 'help' ? undefined : line;
  } catch (error) {
    if (error instanceof UnknownCommandError) return undefined;
    throw error;
  }
}

async function allCommands(): Promise<readonly CommandRecord[]> {
  return (await import('./commands/index.ts')).commands;
}

async function runCommand(line: Invocation): Promise<number> {
  applyGlobals(line.globals);
  const asDocker = programName() === 'docker';
  if (namesDaemon(line.globals) || (asDocker && line.record.withoutEngine !== true && hasContexts()))
    (await import('./daemon-choice.ts')).checkDaemonChoice(line.globals);
  const [{ run }, engineModule] = await Promise.all([
    line.record.load(),
    line.record.withoutEngine === true ? undefined : import('../engine/engine.ts'),
  ]);
  // Never closed: the process ends right after, and a last close would make SQLite write its log back and sync.
  let engine: Engine | undefined;
  const openEngine = (): Engine => {
    if (engineModule === undefined) throw new Error(`command ${line.path} declared that it needs no engine`);
    engine ??= engineModule.openEngine({ ...engineOptionsFrom(line.globals), asDocker });
    return engine;
  };
  const { path, args, flags, globals } = line;
  try {
    return await run({ path, args, flags, globals, asDocker }, openEngine);
  } catch (error) {
    throw engine === undefined ? error : engineModule?.explainFailure(engine, error);
  }
}

function namesDaemon({ host, context, url }: GlobalOptions): boolean {
  return (host ?? context ?? url) !== undefined;
}

/** Without any there is no file to read. */
function hasContexts(): boolean {
  const directory = process.env['DOCKER_CONFIG'] || `${process.env['HOME'] ?? ''}/.docker`;
  return existsSync(`${directory}/contexts/meta`);
}

function applyGlobals(globals: GlobalOptions): void {
  if (globals.config !== undefined) process.env['DOCKER_CONFIG'] = globals.config;
  const text = globals.logLevel ?? (globals.debug === true ? 'debug' : undefined);
  if (text === undefined) return;
  const level = parseLogLevel(text);
  if (level === undefined) {
    throw new UsageError(
      `log level "${text}" is not supported, choose from: trace, debug, info, warn, warning, error, fatal, panic`,
    );
  }
  setLogLevel(level);
}

function engineOptionsFrom(globals: GlobalOptions): EngineOptions {
  const { logLevel: _, config: _config, debug: _debug, version: _version, help: _help, ...others } = globals;
  const { host: _host, context: _context, url: _url, remote: _remote, ...options } = others;
  return options;
}

async function printHelp(line: Extract<CommandLine, { kind: 'help' }>): Promise<number> {
  const { helpFor } = await import('./help.ts');
  printLine(helpFor(line.words, await allCommands(), programName()));
  if (!line.missing) return 0;
  printError(`Error: missing command '${[programName(), ...line.words].join(' ')} COMMAND'`);
  return EXIT_USAGE;
}

async function printVersion(): Promise<number> {
  const { versionOfTspod } = await import('../base/build-info.ts');
  const name = programName();
  const version = versionOfTspod();
  printLine(name === 'docker' ? `Docker version ${version}, build tspod` : `${name} version ${version}`);
  return 0;
}

/** Only now, with something wrong, are the names of all that the peers have looked at. */
async function explain(error: unknown): Promise<unknown> {
  if (!(error instanceof UnknownCommandError) && !(error instanceof UnknownFlagError)) return error;
  const { explainUnknown } = await import('./report-unknown.ts');
  return explainUnknown(error, { commands: await allCommands(), program: programName() });
}

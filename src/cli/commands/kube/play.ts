import { InvalidSpecError, UsageError } from '../../../base/errors.ts';
import type { Engine } from '../../../engine/engine.ts';
import { type PlayedPod, playKube, type PlayOptions, type PlayReport } from '../../../engine/play-kube.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { printLine } from '../../output/print.ts';
import { reportError } from '../../report-error.ts';
import { createHooks } from '../container/create-request.ts';
import { recordedCommand } from '../container/recorded-command.ts';
import { readFile, readKubeFiles } from './read-files.ts';
import { takeDown } from './take-down.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const { args, flags } = input;
  const on = (name: string): boolean => flags[name] === true;
  if (flags['contextDir'] !== undefined && !on('build'))
    throw new UsageError('--build must be specified when using --context-dir option');
  if (on('force') && !on('down')) throw new UsageError('--force may be specified only with --down');
  if (on('wait') && flags['start'] === false) throw new UsageError('--wait does not work with --start=false');
  const options = playOptions(input);
  const text = await readKubeFiles(args);
  const engine = openEngine();
  if (on('down')) {
    await takeDown(engine, text, on('force'));
    return 0;
  }
  if (on('replace')) await takeDown(engine, text, false);
  return on('wait')
    ? await playAndWait(engine, text, options, input)
    : await play(engine, text, options, input);
};

async function play(
  engine: Engine,
  text: string,
  options: PlayOptions,
  input: CommandInput,
): Promise<number> {
  return printReport(await playKube(engine, text, options, hooksFor(engine, input)));
}

function hooksFor(engine: Engine, input: CommandInput) {
  return {
    ...createHooks(engine, input),
    build: async (image: string, directory: string): Promise<void> => {
      const { buildForPlay } = await import('./build-for-play.ts');
      await buildForPlay(engine, image, directory, input);
    },
  };
}

async function playAndWait(
  engine: Engine,
  text: string,
  options: PlayOptions,
  input: CommandInput,
): Promise<number> {
  const { endOfPods } = await import('../../../engine/kube-wait.ts');
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  printLine('Use ctrl+c to clean up or wait for pods to exit');
  const report = await playKube(engine, text, options, hooksFor(engine, input));
  const code = printReport(report);
  await endOfPods(
    engine,
    report.pods.map(({ id }) => id),
    stop.signal,
  );
  printLine(`${stop.signal.aborted ? '\n' : ''}Cleaning up containers, pods, and volumes...`);
  await takeDown(engine, text, true);
  return code;
}

function printReport({ volumes, secrets, pods }: PlayReport): number {
  for (const [title, list] of [
    ['Volumes:', volumes],
    ['Secrets:', secrets],
  ] as const) {
    if (list.length > 0) printLine(title);
    for (const each of list) printLine(each);
  }
  for (const pod of pods) printPod(pod);
  const failed = pods.reduce((count, { failures }) => count + failures.length, 0);
  if (failed === 0) return 0;
  return reportError(new InvalidSpecError(`failed to start ${failed} containers`));
}

function printPod({ id, containers, failures }: PlayedPod): void {
  printLine('Pod:');
  printLine(id);
  printLine(containers.length === 1 ? 'Container:' : 'Containers:');
  for (const container of containers) printLine(container);
  if (failures.length > 0) printLine('');
  for (const failure of failures) reportError(failure);
  printLine('');
}

function playOptions({ args, flags }: CommandInput): PlayOptions {
  const list = (name: string): string[] => (flags[name] as string[] | undefined) ?? [];
  const given = <Key extends string>(...names: Key[]): Partial<Record<Key, never>> =>
    Object.fromEntries(
      names.flatMap((name) => (isGiven(flags[name]) ? [[name, flags[name]]] : [])),
    ) as Partial<Record<Key, never>>;
  return {
    annotations: pairs(list('annotation')),
    labels: {},
    configMapTexts: list('configmap')
      .flatMap((names) => names.split(','))
      .map(readFile),
    seccompRoot: String(flags['seccompProfileRoot']),
    publishAll: flags['publishAll'] === true,
    noPodPrefix: flags['noPodPrefix'] === true,
    start: flags['start'] !== false,
    pod: given('network', 'noHosts', 'noHostname', 'userns', 'publish'),
    ips: list('ip'),
    macs: list('macAddress'),
    container: given('logDriver', 'logOpt', 'authfile', 'certDir', 'creds', 'tlsVerify'),
    build: {
      when: flags['build'] as boolean | undefined,
      directory: (flags['contextDir'] as string | undefined) ?? '.',
    },
    ownFiles: true,
    isService: flags['serviceContainer'] === true,
    createCommand: recordedCommand(process.argv.slice(2), args),
  };
}

function isGiven(value: FlagValues[string]): boolean {
  return value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
}

function pairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`annotation ${JSON.stringify(text)} must include an '=' sign`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

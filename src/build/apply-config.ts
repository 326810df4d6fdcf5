import { posix } from 'node:path';
import type { CommandForm, HealthcheckInstruction, Instruction } from './instruction.ts';
import { type StageState, textOf, wordsOf } from './stage-state.ts';

/** Instructions that change the configuration alone. */
export type ConfigInstruction = Exclude<Instruction, { keyword: 'ADD' | 'ARG' | 'COPY' | 'RUN' | 'WORKDIR' }>;

const DEFAULT_SHELL = ['/bin/sh', '-c'];

export function applyConfig(state: StageState, instruction: ConfigInstruction): void {
  const { run } = state;
  switch (instruction.keyword) {
    case 'ENV':
      for (const { name, value } of instruction.entries) state.scope.setEnv(name, value);
      run['Env'] = state.scope.env();
      break;
    case 'LABEL':
      addLabels(
        state,
        instruction.entries.map(({ name, value }): [string, string] => [name, value]),
      );
      break;
    case 'CMD':
      run['Cmd'] = commandWords(state, instruction.command);
      state.hasOwnCommand = true;
      break;
    case 'ENTRYPOINT':
      run['Entrypoint'] = commandWords(state, instruction.command);
      // The base image's arguments were for its own program.
      if (!state.hasOwnCommand) delete run['Cmd'];
      break;
    case 'EXPOSE':
      addKeys(state, 'ExposedPorts', instruction.ports);
      break;
    case 'VOLUME':
      addKeys(state, 'Volumes', instruction.paths);
      break;
    case 'HEALTHCHECK':
      run['Healthcheck'] = healthcheckOf(instruction);
      break;
    case 'MAINTAINER':
      state.document['author'] = instruction.name;
      break;
    case 'ONBUILD':
      run['OnBuild'] = [...wordsOf(run, 'OnBuild'), instruction.trigger];
      break;
    case 'SHELL':
      run['Shell'] = [...instruction.shell];
      break;
    case 'STOPSIGNAL':
      run['StopSignal'] = instruction.signal;
      break;
    case 'USER':
      run['User'] = instruction.user;
      break;
  }
}

export function addLabels(state: StageState, entries: Iterable<readonly [string, string]>): void {
  state.run['Labels'] = {
    ...(state.run['Labels'] as Record<string, string> | undefined),
    ...Object.fromEntries(entries),
  };
}

/** Absolute, `..` taken out. */
export function workingDirectory(state: StageState, path: string): string {
  const joined = posix.resolve('/', textOf(state.run, 'WorkingDir'), path);
  return joined;
}

export function shellOf(state: StageState): string[] {
  const own = wordsOf(state.run, 'Shell');
  return own.length > 0 ? own : DEFAULT_SHELL;
}

export function commandWords(state: StageState, command: CommandForm): string[] {
  return command.form === 'exec' ? [...command.words] : [...shellOf(state), command.text];
}

function addKeys(state: StageState, member: string, keys: readonly string[]): void {
  state.run[member] = {
    ...(state.run[member] as Record<string, unknown> | undefined),
    ...Object.fromEntries(keys.map((key) => [key, {}])),
  };
}

function healthcheckOf({ check }: HealthcheckInstruction): Record<string, unknown> {
  if (check === undefined) return { Test: ['NONE'] };
  const { command, interval, timeout, startPeriod, startInterval, retries } = check;
  const test = command.form === 'exec' ? ['CMD', ...command.words] : ['CMD-SHELL', command.text];
  const entries = {
    Interval: interval,
    Timeout: timeout,
    StartPeriod: startPeriod,
    StartInterval: startInterval,
    Retries: retries,
  };
  return {
    Test: test,
    ...Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)),
  };
}

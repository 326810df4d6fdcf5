import { isatty } from 'node:tty';
import type { BuildEvent, BuildProgress } from '../../engine/build.ts';
import { plainBuildProgress } from './build-progress-plain.ts';
import { terminalBuildProgress } from './build-progress-terminal.ts';
import { printError } from './print.ts';
import { canRedraw } from './screen.ts';

export type ProgressStyle = 'auto' | 'plain' | 'tty' | 'quiet' | 'rawjson';

export interface BuildDisplay {
  listener: BuildProgress;
  /** Leaves the last state on the screen; to be called however the build ended. */
  done: () => void;
}

export interface DisplayOptions {
  style: ProgressStyle;
  quiet: boolean;
  /** docker tells on stderr what podman tells on stdout. */
  asDocker: boolean;
}

export function openBuildDisplay({ style, quiet, asDocker }: DisplayOptions): BuildDisplay {
  if (quiet || style === 'quiet') return quietDisplay();
  if (style === 'rawjson') return { listener: printJson, done: () => {} };
  if (style === 'tty' || (style === 'auto' && isatty(1) && canRedraw())) return terminalBuildProgress();
  return plainBuildProgress(asDocker ? 2 : 1);
}

/** What RUN printed is told after all when it fails: without it nobody knows why. */
function quietDisplay(): BuildDisplay {
  const output = new Map<string, Buffer[]>();
  return {
    listener: (event) => {
      if (!('step' in event)) return;
      const key = `${event.step.platform} ${event.step.stage} ${event.step.step}`;
      if (event.kind === 'output')
        output.set(key, [...(output.get(key) ?? []), event.chunk].slice(-MOST_CHUNKS));
      else if (event.kind === 'step-failed')
        printError(
          Buffer.concat(output.get(key) ?? [])
            .toString()
            .trimEnd(),
        );
      else if (event.kind === 'step-done') output.delete(key);
    },
    done: () => {},
  };
}

const MOST_CHUNKS = 200;

/** One object a line, on stderr. */
function printJson(event: BuildEvent): void {
  printError(
    JSON.stringify(event.kind === 'output' ? { ...event, chunk: event.chunk.toString('utf8') } : event),
  );
}

import type { BuildEvent, StageSummary, StepId } from '../../engine/build.ts';
import type { BuildDisplay } from './build-progress.ts';
import { print, printBytes, printError, withoutControls } from './print.ts';
import { openPullProgress } from './pull-progress.ts';

/** Podman's lines, on the descriptor given; output of RUN goes where RUN wrote it. */
export function plainBuildProgress(fd: 1 | 2): BuildDisplay {
  const pull = openPullProgress(false);
  let stages: readonly StageSummary[] = [];
  const say = (line: string): void => {
    if (fd === 2) printError(line);
    else print(`${withoutControls(line)}\n`);
  };
  const numberOf = (step: StepId): string => stepNumber(step, stages);
  const told = (imageId: string | undefined): void => {
    if (imageId !== undefined) say(`--> ${imageId.slice(0, 12)}`);
  };
  const listener = (event: BuildEvent): void => {
    switch (event.kind) {
      case 'plan':
        stages = event.stages;
        break;
      case 'step-started':
        say(`${numberOf(event.step)}: ${event.text}`);
        break;
      case 'step-cached':
        say(event.imageId === undefined ? '--> Using cache' : `--> Using cache ${event.imageId}`);
        told(event.imageId);
        break;
      case 'step-done':
        told(event.imageId);
        break;
      case 'output':
        printBytes(event.stream === 'stdout' ? fd : 2, event.chunk);
        break;
      case 'pull':
        pull.listener(event.event);
        break;
      case 'fetch':
        if (event.current === 0) printError(`Fetching ${event.url}`);
        break;
      case 'warning':
        printError(`WARNING: ${warningText(event.warning)}`);
        break;
      case 'commit':
        say(event.name === undefined ? 'COMMIT' : `COMMIT ${event.name}`);
        break;
      case 'built':
        for (const name of event.names) say(`Successfully tagged ${name}`);
        break;
      case 'step-failed':
        break;
    }
  };
  return { listener, done: pull.done };
}

/** `[1/2] STEP 3/4`; the stage only where there are several. */
export function stepNumber(step: StepId, stages: readonly StageSummary[]): string {
  const position = stages.findIndex(
    ({ index, platform }) => index === step.stage && platform === step.platform,
  );
  const total = stages[position]?.steps;
  const prefix = stages.length > 1 && position >= 0 ? `[${position + 1}/${stages.length}] ` : '';
  return `${prefix}STEP ${step.step}${total === undefined ? '' : `/${total}`}`;
}

export function warningText(warning: Extract<BuildEvent, { kind: 'warning' }>['warning']): string {
  return 'at' in warning ? `${warning.at.file}:${warning.at.firstLine}: ${warning.message}` : warning.message;
}

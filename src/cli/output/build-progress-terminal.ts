import { writeSync } from 'node:fs';
import type { BuildEvent, StageSummary, StepId } from '../../engine/build.ts';
import type { BuildDisplay } from './build-progress.ts';
import { warningText } from './build-progress-plain.ts';
import { humanSize } from './human-size.ts';
import { printError, withoutControls } from './print.ts';
import { fitLine, onResume, screenSize } from './screen.ts';

interface ShownStep {
  id: StepId;
  label: string;
  text: string;
  state: 'running' | 'done' | 'cached' | 'failed';
  startedAt: number;
  durationMs: number;
  /** The last lines of its output, and one that has not ended. */
  tail: string[];
  partial: string;
}

const REDRAW_MS = 100;
const SHOWN_OUTPUT = 5;
const KEPT_OUTPUT = 200;
const MARKS = { running: '…', done: '✔', cached: '✔', failed: '✖' } as const;

/** A list of the steps with their times, drawn over itself on stderr; below a running step the end of its output. */
export function terminalBuildProgress(): BuildDisplay {
  const screen = new BuildScreen();
  let isOver = false;
  // Not in the timer itself, which after Ctrl-Z and fg is overdue and comes before the news of that.
  const draw = (): void => (isOver ? undefined : screen.draw());
  const timer = setInterval(() => setImmediate(draw), REDRAW_MS);
  timer.unref();
  const stopWatching = onResume(() => screen.forget());
  return {
    listener: (event) => screen.accept(event),
    done: () => {
      isOver = true;
      clearInterval(timer);
      stopWatching();
      screen.finish();
    },
  };
}

class BuildScreen {
  #stages: readonly StageSummary[] = [];
  readonly #steps = new Map<string, ShownStep>();
  readonly #pulls = new Map<string, string>();
  readonly #begun = Date.now();
  #drawn = 0;

  accept(event: BuildEvent): void {
    switch (event.kind) {
      case 'plan':
        this.#stages = event.stages;
        break;
      case 'step-started':
        this.#steps.set(keyOf(event.step), {
          id: event.step,
          label: this.#label(event.step),
          text: event.text.split('\n', 1)[0] ?? '',
          state: 'running',
          startedAt: Date.now(),
          durationMs: 0,
          tail: [],
          partial: '',
        });
        break;
      case 'step-done':
      case 'step-cached':
      case 'step-failed':
        this.#end(event);
        break;
      case 'output':
        addOutput(this.#steps.get(keyOf(event.step)), event.chunk.toString('utf8'));
        break;
      case 'pull':
        if (event.event.kind === 'layer') {
          const { digest, current, total, state } = event.event;
          const share = state === 'downloading' ? `${humanSize(current, 3)} / ${humanSize(total, 3)}` : state;
          this.#pulls.set(digest, `${digest.slice(7, 19)} ${share}`);
        } else if (event.event.kind === 'stored') this.#pulls.clear();
        break;
      case 'warning':
        this.#clear();
        printError(`WARNING: ${warningText(event.warning)}`);
        break;
      case 'fetch':
      case 'commit':
      case 'built':
        break;
    }
  }

  /** What is drawn has moved; it is drawn anew below. */
  forget(): void {
    this.#drawn = 0;
  }

  draw(): void {
    const { columns, rows } = screenSize();
    const lines = this.#lines(rows - 2).map((line) => fitLine(withoutControls(line), columns - 1));
    this.#write(lines);
  }

  finish(): void {
    this.#pulls.clear();
    this.#write(this.#lines(Number.POSITIVE_INFINITY).map((line) => withoutControls(line)));
    this.#drawn = 0;
    for (const step of this.#steps.values()) {
      if (step.state !== 'failed' || step.tail.length + step.partial.length === 0) continue;
      printError(`\nOutput of ${step.label} ${step.text}:`);
      printError([...step.tail, ...(step.partial === '' ? [] : [step.partial])].join('\n'));
    }
  }

  #end(event: Extract<BuildEvent, { kind: 'step-done' | 'step-cached' | 'step-failed' }>): void {
    const step = this.#steps.get(keyOf(event.step));
    if (step === undefined) return;
    step.durationMs = Date.now() - step.startedAt;
    step.state = event.kind === 'step-done' ? 'done' : event.kind === 'step-cached' ? 'cached' : 'failed';
  }

  #label({ stage, step, platform }: StepId): string {
    const summary = this.#stages.find((each) => each.index === stage && each.platform === platform);
    const several = this.#stages.length > 1;
    const name = several ? `${summary?.name ?? `stage ${stage}`} ` : '';
    return `[${name}${step}/${summary?.steps ?? '?'}]`;
  }

  /** The youngest when there are more than fit. */
  #lines(room: number): string[] {
    const steps = [...this.#steps.values()];
    const ended = steps.filter(({ state }) => state !== 'running').length;
    const total = this.#stages.reduce((sum, stage) => sum + stage.steps, 0);
    const head = `Building ${seconds(Date.now() - this.#begun)} (${ended}/${total})`;
    const body = steps.flatMap((step) => stepLines(step));
    const pulls = [...this.#pulls.values()].map((line) => `    ${line}`);
    return [head, ...[...body, ...pulls].slice(-Math.max(1, room - 1))];
  }

  #write(lines: readonly string[]): void {
    this.#clear();
    writeSync(2, lines.map((line) => `${line}\n`).join(''));
    this.#drawn = lines.length;
  }

  #clear(): void {
    if (this.#drawn > 0) writeSync(2, `\u001b[${this.#drawn}A\u001b[J`);
    this.#drawn = 0;
  }
}

function stepLines(step: ShownStep): string[] {
  const time = step.state === 'running' ? Date.now() - step.startedAt : step.durationMs;
  const end = step.state === 'cached' ? 'cached' : seconds(time);
  const line = `${MARKS[step.state]} ${step.label} ${step.text}  ${end}`;
  if (step.state !== 'running') return [line];
  const output = [...step.tail, ...(step.partial === '' ? [] : [step.partial])].slice(-SHOWN_OUTPUT);
  return [line, ...output.map((each) => `    ${each}`)];
}

/** A carriage return begins the line anew, as progress bars do. */
function addOutput(step: ShownStep | undefined, text: string): void {
  if (step === undefined) return;
  const lines = (step.partial + text)
    .split('\n')
    .map((line) => line.replace(/\r$/, '').replace(/^.*\r/s, ''));
  step.partial = lines.pop() ?? '';
  step.tail = [...step.tail, ...lines].slice(-KEPT_OUTPUT);
}

function keyOf({ stage, step, platform }: StepId): string {
  return `${platform} ${stage} ${step}`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`;
}

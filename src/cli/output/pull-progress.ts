import { isatty } from 'node:tty';
import { writeSync } from 'node:fs';
import type { PullEvent } from '../../engine/images.ts';
import { humanSize } from './human-size.ts';
import { printError } from './print.ts';

export interface PullProgress {
  listener: (event: PullEvent) => void;
  /** Leaves the last state on the screen; to be called however it ended. */
  done: () => void;
}

const REDRAW_MS = 80;
const BAR_WIDTH = 24;
const DEFAULT_COLUMNS = 80;

/** On a terminal bars, one a layer, that are drawn over each other; elsewhere one line for what begins. */
export function openPullProgress(quiet: boolean): PullProgress {
  if (quiet) return { listener: () => {}, done: () => {} };
  return isatty(2) ? barProgress() : lineProgress();
}

function lineProgress(): PullProgress {
  const announced = new Set<string>();
  const once = (line: string): void => {
    if (announced.has(line)) return;
    announced.add(line);
    printError(line);
  };
  return {
    listener: (event) => {
      switch (event.kind) {
        case 'trying':
          printError(`Trying to pull ${event.name}...`);
          break;
        case 'failed':
          break;
        case 'layer':
          once('Getting image source signatures');
          once(`Copying blob ${event.digest}`);
          break;
        case 'config':
          once(`Copying config ${event.digest}`);
          break;
        case 'stored':
          printError('Writing manifest to image destination');
          announced.clear();
      }
    },
    done: () => {},
  };
}

type LayerEvent = Extract<PullEvent, { kind: 'layer' }>;

function barProgress(): PullProgress {
  const layers = new Map<string, LayerEvent>();
  let drawn = 0;
  let lastDraw = 0;
  const draw = (): void => {
    const columns = process.stderr.columns || DEFAULT_COLUMNS;
    const up = drawn === 0 ? '' : `\u001b[${drawn}A`;
    const lines = [...layers.values()].map((layer) => `\r\u001b[K${barLine(layer).slice(0, columns - 1)}\n`);
    writeSync(2, up + lines.join(''));
    drawn = layers.size;
    lastDraw = Date.now();
  };
  const settle = (): void => {
    if (layers.size > 0) draw();
    layers.clear();
    drawn = 0;
  };
  return {
    listener: (event) => {
      if (event.kind === 'layer') {
        const isNew = layers.get(event.digest)?.state !== event.state;
        layers.set(event.digest, event);
        if (isNew || Date.now() - lastDraw >= REDRAW_MS) draw();
        return;
      }
      settle();
      if (event.kind === 'trying') printError(`Trying to pull ${event.name}...`);
      if (event.kind === 'config') printError(`Copying config ${event.digest.slice(7, 19)} done`);
      if (event.kind === 'stored') printError('Writing manifest to image destination');
    },
    done: settle,
  };
}

function barLine({ digest, current, total, state }: LayerEvent): string {
  const label = `Copying blob ${digest.slice(7, 19)}`;
  if (state === 'exists') return `${label} skipped: already exists`;
  if (state === 'done') return `${label} done   ${humanSize(total, 3)}`;
  const share = total > 0 ? Math.min(1, current / total) : 0;
  const filled = Math.round(share * BAR_WIDTH);
  const bar = `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}`.padEnd(BAR_WIDTH, '-');
  return `${label} [${bar}] ${humanSize(current, 3)} / ${humanSize(total, 3)}`;
}

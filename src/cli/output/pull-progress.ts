import { writeSync } from 'node:fs';
import type { PullEvent } from '../../engine/images.ts';
import { humanSize } from './human-size.ts';
import { printError } from './print.ts';
import { canRedraw, fitLine, onResume, screenSize } from './screen.ts';

export interface PullProgress {
  listener: (event: PullEvent) => void;
  /** Leaves the last state on the screen; to be called however it ended. */
  done: () => void;
}

const REDRAW_MS = 80;
const BAR_WIDTH = 24;
/** A shorter one tells less than nothing. */
const NARROWEST_BAR = 8;

/** On a terminal bars, one a layer, that are drawn over each other; elsewhere one line for what begins. */
export function openPullProgress(quiet: boolean): PullProgress {
  if (quiet) return { listener: () => {}, done: () => {} };
  return canRedraw() ? barProgress() : lineProgress();
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
  const stopWatching = onResume(() => {
    drawn = 0;
  });
  const draw = (): void => {
    const { columns, rows } = screenSize();
    const begin = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`;
    // What has scrolled off the screen cannot be drawn over: finished layers are left behind, and of the others the first are shown.
    const behind = leaveBehind(layers, rows - 1);
    const shown = [...layers.values()].slice(0, rows - 1);
    const lines = [...behind, ...shown].map((layer) => `\r\u001b[K${barLine(layer, columns - 1)}\n`);
    writeSync(2, begin + lines.join(''));
    drawn = shown.length;
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
        if (!isNew && Date.now() - lastDraw < REDRAW_MS) return;
        lastDraw = Date.now();
        // Not at once: after Ctrl-Z and fg this may come before the news of that.
        setImmediate(() => layers.size > 0 && draw());
        return;
      }
      settle();
      if (event.kind === 'trying') printError(`Trying to pull ${event.name}...`);
      if (event.kind === 'config') printError(`Copying config ${event.digest.slice(7, 19)} done`);
      if (event.kind === 'stored') printError('Writing manifest to image destination');
    },
    done: () => {
      settle();
      stopWatching();
    },
  };
}

/** Takes finished layers out, the first ones first, until the rest has room; returns those. */
function leaveBehind(layers: Map<string, LayerEvent>, room: number): LayerEvent[] {
  const left: LayerEvent[] = [];
  for (const [digest, layer] of layers) {
    if (layers.size <= room) break;
    if (layer.state !== 'done' && layer.state !== 'exists') continue;
    layers.delete(digest);
    left.push(layer);
  }
  return left;
}

/** On a narrow terminal first the bar goes, then the words before the digest. */
function barLine({ digest, current, total, state }: LayerEvent, columns: number): string {
  const name = digest.slice(7, 19);
  const label = `Copying blob ${name}`;
  const fitting = (end: string): string =>
    fitLine(label.length + end.length < columns ? `${label} ${end}` : `${name} ${end}`, columns);
  if (state === 'exists') return fitting('skipped: already exists');
  if (state === 'done') return fitting(`done   ${humanSize(total, 3)}`);
  const share = total > 0 ? Math.min(1, current / total) : 0;
  const sizes = `${humanSize(current, 3)} / ${humanSize(total, 3)}`;
  const width = Math.min(BAR_WIDTH, columns - `${label} [] ${sizes}`.length);
  if (width < NARROWEST_BAR)
    return fitting(columns < `${name} ${sizes}`.length ? `${Math.floor(share * 100)}%` : sizes);
  const filled = Math.round(share * width);
  const bar = `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}`.padEnd(width, '-');
  return `${label} [${bar}] ${sizes}`;
}

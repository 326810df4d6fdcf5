import type { ContainerStats } from '../../../engine/container-stats.ts';
import type { GoObject } from '../../output/template/go-value.ts';

const CELLS = 8;
/** From one eighth of a cell to a whole one. */
const BLOCKS = '▏▎▍▌▋▊▉█';
/** `100.00%` and a space. */
const TEXT_WIDTH = 8;

/** The row with a bar beside the share of the machine's processors and beside that of the memory it may have. */
export function withBars(row: GoObject, stats: ContainerStats, cpus: number): GoObject {
  const cell = (text: unknown, percent: number): PropertyDescriptor => ({
    value: `${String(text).padEnd(TEXT_WIDTH)}${bar(percent)}`,
    enumerable: true,
  });
  return Object.create(row, {
    CPUPerc: cell(row['CPUPerc'], stats.cpuPercent / cpus),
    MemPerc: cell(row['MemPerc'], stats.memoryPercent),
  }) as GoObject;
}

function bar(percent: number): string {
  const share = Math.min(Math.max(percent / 100, 0), 1);
  if (!showsBlocks()) return '#'.repeat(Math.round(share * CELLS)).padEnd(CELLS, '.');
  const eighths = Math.round(share * CELLS * BLOCKS.length);
  const whole = Math.floor(eighths / BLOCKS.length);
  const rest = eighths % BLOCKS.length;
  return `${'█'.repeat(whole)}${rest === 0 ? '' : BLOCKS[rest - 1]}`.padEnd(CELLS, '·');
}

function showsBlocks(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '');
}

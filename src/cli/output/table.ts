/** Settings of a tabwriter: how wide a column is at least, and how far it is from the next one. */
export interface TableStyle {
  narrowest: number;
  gap: number;
}

export const PODMAN_TABLE: TableStyle = { narrowest: 12, gap: 2 };
export const DOCKER_TABLE: TableStyle = { narrowest: 10, gap: 3 };

/**
 * Aligns lines whose cells end with tabs, as Go's tabwriter does: a column is as wide as its widest cell and the gap; what
 * follows the last tab of a line is left as it is.
 */
export function alignTabs(text: string, { narrowest, gap }: TableStyle = PODMAN_TABLE): string {
  if (!text.includes('\t')) return text;
  const lines = text.split('\n').map((line) => line.split('\t'));
  const padded = lines.map((cells) => [...cells]);
  const widthOf = SURROGATE.test(text) ? countCharacters : (cell: string): number => cell.length;
  const columns = Math.max(...lines.map((cells) => cells.length - 1));
  for (let column = 0; column < columns; column++) {
    for (const [from, to] of blocks(lines, column)) {
      const block = lines.slice(from, to);
      const width = Math.max(narrowest, ...block.map((cells) => widthOf(cells[column] ?? '') + gap));
      for (let row = from; row < to; row++) {
        const cell = lines[row]?.[column] ?? '';
        const target = padded[row];
        if (target !== undefined) target[column] = cell + ' '.repeat(width - widthOf(cell));
      }
    }
  }
  return padded.map((cells) => cells.join('')).join('\n');
}

/** Runs of neighbouring lines that have the column: only these are aligned with each other. */
function blocks(lines: readonly string[][], column: number): [number, number][] {
  const found: [number, number][] = [];
  let start = -1;
  for (let row = 0; row <= lines.length; row++) {
    const has = (lines[row]?.length ?? 0) - 1 > column;
    if (has && start === -1) start = row;
    if (!has && start !== -1) {
      found.push([start, row]);
      start = -1;
    }
  }
  return found;
}

/** Half of a character: without any there are as many characters as units. */
const SURROGATE = /[\ud800-\udfff]/;

function countCharacters(text: string): number {
  let width = 0;
  for (const _ of text) width++;
  return width;
}

const CLOSE_ENOUGH = 2;

/** Names that are a slip of the finger away from what was typed, or that it is the beginning of. */
export function suggest(typed: string, names: Iterable<string>): string[] {
  const wanted = typed.toLowerCase();
  const close: { name: string; distance: number }[] = [];
  for (const name of new Set(names)) {
    const distance = editDistance(wanted, name);
    if (distance <= Math.min(CLOSE_ENOUGH, Math.floor(wanted.length / 2)) || name.startsWith(wanted)) {
      close.push({ name, distance });
    }
  }
  return close.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
}

/** Levenshtein's distance, with two neighbours swapped counting once. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, substituted);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, at(beforeLast, j - 2) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

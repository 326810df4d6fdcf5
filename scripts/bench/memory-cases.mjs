import { readdirSync, readFileSync } from 'node:fs';
import { median, runQuietly } from './measure.mjs';

const CONTAINERS = 5;

/** What one more running container costs: the private memory of its monitor. */
export async function monitorMemoryCase({ pair }) {
  const figures = {};
  for (const engine of pair) {
    const ids = Array.from({ length: CONTAINERS }, () =>
      runQuietly(engine, ['run', '-d', '--network', 'none', 'localhost/busybox', 'sleep', '100000']),
    );
    figures[engine.name] = median(ids.map((id) => privateMemory(monitorOf(engine, id))));
    runQuietly(engine, ['rm', '--force', '--time', '0', ...ids]);
  }
  return [{ what: 'monitor per container, private memory', ...figures, unit: 'KiB', budget: 1 }];
}

function monitorOf({ monitor }, id) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (program.endsWith(monitor) && args.includes(id)) return pid;
    } catch {
      // Ended while we looked.
    }
  }
  throw new Error(`no ${monitor} found for container ${id}`);
}

function privateMemory(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
}

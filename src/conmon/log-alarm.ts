import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Wakes a reader when something may have changed. Close it. */
export interface LogAlarm {
  /** Resolves at the next change since the last call, or after the poll interval. */
  next(): Promise<void>;
  close(): void;
}

/** Where inotify tells nothing (network file systems, no instances left), this is how late we are. */
const POLL_MS = 200;

/** Watches the directory of the log, where rotation renames files, and further directories. */
export function watchLog(path: string, directories: readonly string[]): LogAlarm {
  let changed = false;
  let wake: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const ring = (): void => {
    changed = true;
    wake?.();
  };
  const watchers = [dirname(path), ...directories].flatMap((directory) => watchDirectory(directory, ring));
  return {
    async next() {
      if (!changed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, POLL_MS);
        });
      }
      clearTimeout(timer);
      wake = undefined;
      changed = false;
    },
    close() {
      clearTimeout(timer);
      wake?.();
      for (const watcher of watchers) watcher.close();
    },
  };
}

function watchDirectory(directory: string, ring: () => void): FSWatcher[] {
  try {
    const watcher = watch(directory, { persistent: true }, ring);
    // The directory is gone, or inotify gave up: polling goes on.
    watcher.on('error', ring);
    return [watcher];
  } catch {
    return [];
  }
}

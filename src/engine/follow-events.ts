import { type FSWatcher, watch } from 'node:fs';
import { lastEvent, readEvents, type StoredEvent } from '../state/events.ts';
import { asPodmanTells, inDockerOrder } from './docker-events.ts';
import type { Engine } from './engine.ts';
import { eventPredicate } from './event-filters.ts';

export type { StoredEvent } from '../state/events.ts';

export interface EventsRequest {
  filters: readonly string[];
  /** Milliseconds since 1970. Absent: only what happens from now on, if it is followed; else everything. */
  since: number | undefined;
  /** Events after it are not wanted; in the future it ends the following. */
  until: number | undefined;
  follow: boolean;
  /** What docker tells, in its order; else podman. The words are podman's either way. */
  asDocker: boolean;
  signal?: AbortSignal;
}

/**
 * After a write the database may show what was written only a little later, and nothing tells when: so it is looked at again. The
 * last one is for file systems that tell of no changes at all.
 */
const LOOK_AGAIN_MS = [5, 20, 80, 300, 2000];
/** Nobody is told anything: as often as that, always. */
const UNWATCHED_MS = 300;

/** Events of all processes that work on this store, oldest first; each is told once. Wrong filters throw at once. */
export function followEvents(engine: Engine, request: EventsRequest): AsyncGenerator<StoredEvent, void> {
  return wantedEvents(engine, request, eventPredicate(request.filters));
}

async function* wantedEvents(
  engine: Engine,
  { since, until, follow, asDocker, signal }: EventsRequest,
  isWanted: (event: StoredEvent) => boolean,
): AsyncGenerator<StoredEvent, void> {
  const changes = follow ? new DatabaseAlarm(engine.paths.database, signal) : undefined;
  try {
    let seen = since === undefined && follow ? lastEvent(engine.db) : 0;
    for (;;) {
      const ended = changes === undefined || isOver(until) || signal?.aborted === true;
      const events = readEvents(engine.db, seen);
      seen = events.at(-1)?.seq ?? seen;
      for (const event of asDocker ? inDockerOrder(events) : asPodmanTells(events)) {
        const at = Date.parse(event.at);
        if ((since === undefined || at >= since) && (until === undefined || at <= until) && isWanted(event))
          yield event;
      }
      if (ended) return;
      await changes.next(until);
    }
  } finally {
    changes?.close();
  }
}

function isOver(until: number | undefined): boolean {
  return until !== undefined && Date.now() >= until;
}

/** Rings when somebody has written to the database. */
class DatabaseAlarm {
  /** Undefined where the user has no instance of inotify left, or the log is not there yet: then looking again has to do. */
  readonly #watcher: FSWatcher | undefined;
  #step = 0;
  #wake: (() => void) | undefined;
  #rang = false;

  constructor(database: string, signal: AbortSignal | undefined) {
    this.#watcher = tryWatch(`${database}-wal`, () => this.#ring());
    signal?.addEventListener('abort', () => this.#ring());
  }

  async next(until: number | undefined): Promise<void> {
    if (this.#rang) {
      this.#rang = false;
      return;
    }
    const rest = until === undefined ? Number.POSITIVE_INFINITY : Math.max(0, until - Date.now());
    const last = this.#watcher === undefined ? LOOK_AGAIN_MS.indexOf(UNWATCHED_MS) : LOOK_AGAIN_MS.length - 1;
    const pause = LOOK_AGAIN_MS[Math.min(this.#step++, last)] ?? UNWATCHED_MS;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(rest, pause));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
    this.#rang = false;
  }

  close(): void {
    this.#watcher?.close();
  }

  #ring(): void {
    this.#step = 0;
    this.#rang = true;
    this.#wake?.();
  }
}

function tryWatch(path: string, ring: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, ring);
    watcher.on('error', ring);
    return watcher;
  } catch {
    return undefined;
  }
}

import { collectAll } from '../base/collect-garbage.ts';
import type { Engine } from '../engine/engine.ts';

/** Without a request for so long nobody notices the pause of some ten milliseconds. */
const QUIET_MS = 3_000;
/** What fewer requests leave behind is not worth it. */
const WORTH = 50;

/** Gives the memory that many requests took back when it has become quiet. */
export class QuietMemory {
  readonly #engine: Engine;
  #requests = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** A request begins. */
  busy(): void {
    clearTimeout(this.#timer);
    this.#requests += 1;
  }

  /** None is open any more. */
  quiet(): void {
    clearTimeout(this.#timer);
    if (this.#requests < WORTH) return;
    this.#timer = setTimeout(() => this.#release(), QUIET_MS).unref();
  }

  /** Twice: what finalizers of the first round have freed is collected by the second. */
  #release(): void {
    this.#requests = 0;
    collectAll();
    setImmediate(() => {
      collectAll();
      this.#engine.syscalls.releaseFreeMemory();
    });
  }
}

import { NotFoundError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { ExecRequest, ExecSession } from '../engine/containers.ts';

/** An exec session as clients see it: made by one request, started by a second, asked for its end by a third. */
export interface Exec {
  id: string;
  containerId: string;
  request: Omit<ExecRequest, 'detached' | 'consoleSize'>;
  detachKeys: string | undefined;
  /** What its start connects. */
  stdout: boolean;
  stderr: boolean;
  state: 'created' | 'running' | 'ended';
  session: ExecSession | undefined;
  exitCode: number | undefined;
}

/** As long as clients may still ask for the exit code. */
const KEPT_MS = 300_000;
/** Created ones that nobody starts would pile up otherwise. */
const MOST = 10_000;

/** In memory only: the session of one that runs is in the state, like those of command lines. */
export class ExecRegistry {
  readonly #byId = new Map<string, Exec>();

  add(exec: Omit<Exec, 'id' | 'state' | 'session' | 'exitCode'>): Exec {
    const [oldest] = this.#byId.keys();
    if (this.#byId.size >= MOST && oldest !== undefined) this.#byId.delete(oldest);
    const added: Exec = { ...exec, id: newId(), state: 'created', session: undefined, exitCode: undefined };
    this.#byId.set(added.id, added);
    return added;
  }

  get(id: string): Exec {
    const exec = this.#byId.get(id);
    if (exec !== undefined) return exec;
    throw new NotFoundError('exec session', id, { message: `No such exec instance: ${id}` });
  }

  ended(exec: Exec, exitCode: number): void {
    exec.state = 'ended';
    exec.exitCode = exitCode;
    setTimeout(() => this.#byId.delete(exec.id), KEPT_MS).unref();
  }

  remove({ id }: Exec): void {
    this.#byId.delete(id);
  }

  ofContainer(containerId: string): Exec[] {
    return [...this.#byId.values()].filter((exec) => exec.containerId === containerId);
  }
}

/**
 * Clients that attached to a container which does not run yet: `docker run` attaches first and starts then. Whoever starts it through
 * this service connects them all before the program can print.
 */
export class WaitingAttachments {
  readonly #byContainer = new Map<string, Set<(socket: string) => void>>();

  /** `connect` is called once, with the path of the container's attach socket. The returned function takes it back. */
  add(id: string, connect: (socket: string) => void): () => void {
    const waiting = this.#byContainer.get(id) ?? new Set();
    this.#byContainer.set(id, waiting);
    waiting.add(connect);
    return () => {
      waiting.delete(connect);
      if (waiting.size === 0 && this.#byContainer.get(id) === waiting) this.#byContainer.delete(id);
    };
  }

  has(id: string): boolean {
    return this.#byContainer.has(id);
  }

  connect(id: string, socket: string): void {
    const waiting = this.#byContainer.get(id) ?? [];
    this.#byContainer.delete(id);
    for (const connect of waiting) connect(socket);
  }
}

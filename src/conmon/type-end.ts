const END_OF_TRANSMISSION = Buffer.from([4]);
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;

/**
 * The end of a pipe for a program with a terminal, which cannot be closed: Ctrl-D. Typed again and again until the returned function is
 * called: one that arrives before the program has set its terminal up is lost, and each later reader has to see the end as well.
 */
export function typeEnd(send: (chunk: Buffer) => void): () => void {
  let wait = FIRST_WAIT_MS;
  let timer: NodeJS.Timeout;
  const type = (): void => {
    send(END_OF_TRANSMISSION);
    timer = setTimeout(type, wait).unref();
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  };
  type();
  return () => clearTimeout(timer);
}

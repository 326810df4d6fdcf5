import { Readable } from 'node:stream';

/** The stream that `open` gives, whose code is loaded when somebody reads: most commands never do. */
export function lazyStream(open: () => Promise<Readable>): Readable {
  const chunks = async function* (): AsyncGenerator<Buffer, void> {
    yield* await open();
  };
  return Readable.from(chunks(), { objectMode: false, highWaterMark: 1 << 20 });
}

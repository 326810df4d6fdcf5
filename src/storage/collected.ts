const CHUNK_BYTES = 1 << 20;

/** Small pieces put together: each chunk costs the reader a turn of the event loop. */
export function* collected(parts: Iterable<Buffer>): Generator<Buffer, void> {
  let buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let used = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const count = part.copy(buffer, used, at);
      used += count;
      at += count;
      if (used < CHUNK_BYTES) continue;
      yield buffer;
      buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      used = 0;
    }
  }
  if (used > 0) yield buffer.subarray(0, used);
}

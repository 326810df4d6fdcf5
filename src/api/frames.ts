const HEADER = 8;

/** Docker's frame: the number of the stream (1 stdout, 2 stderr), three zeros, the length, the bytes. */
export function frame(stream: 1 | 2, bytes: Uint8Array): Buffer {
  const result = Buffer.allocUnsafe(HEADER + bytes.length);
  result.writeUInt32BE(stream * 0x1000000, 0);
  result.writeUInt32BE(bytes.length, 4);
  result.set(bytes, HEADER);
  return result;
}

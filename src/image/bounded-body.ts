import type { Readable } from 'node:stream';
import { IntegrityError } from '../base/errors.ts';

/** Reads a body whole; one above `limit` bytes is an IntegrityError, however long it claims to be. */
export async function readBounded(body: Readable, limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > limit) throw new IntegrityError(`${what} is larger than the limit of ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function readText(body: Readable, limit: number, what: string): Promise<string> {
  return (await readBounded(body, limit, what)).toString('utf8');
}

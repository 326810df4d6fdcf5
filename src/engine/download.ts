import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { UsageError } from '../base/errors.ts';

/** The body of a web address. */
export async function download(url: string): Promise<Readable> {
  if (!/^https?:\/\//.test(url)) throw new UsageError(`${url} is not an http(s) address`);
  const response = await fetch(url);
  if (!response.ok || response.body === null) {
    throw new UsageError(`cannot download ${url}: ${response.status} ${response.statusText}`);
  }
  return Readable.fromWeb(response.body as ReadableStream);
}

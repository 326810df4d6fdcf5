import type { Readable } from 'node:stream';
import { InvalidSpecError, UsageError } from '../base/errors.ts';

/** The body of a web address. */
export async function download(url: string): Promise<Readable> {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError(`${url} is not an http(s) address`);
  const { fetchUrl } = await import('../image/fetch-url.ts');
  const { body, close } = await fetchUrl(new URL(url), undefined);
  body.once('close', () => void close());
  return body;
}

/** All of it. InvalidSpecError when it has more bytes than `largest`. */
export async function downloadWhole(url: string, largest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of await download(url)) {
    const bytes = Buffer.from(chunk as Uint8Array);
    size += bytes.length;
    if (size > largest) throw new InvalidSpecError(`${url} has more than ${largest} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

import type { Readable } from 'node:stream';
import { UsageError } from '../base/errors.ts';

/** The body of a web address. */
export async function download(url: string): Promise<Readable> {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UsageError(`${url} is not an http(s) address`);
  const { fetchUrl } = await import('../image/fetch-url.ts');
  const { body, close } = await fetchUrl(new URL(url), undefined);
  body.once('close', () => void close());
  return body;
}

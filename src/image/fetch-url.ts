import { messageOf, RegistryError } from '../base/errors.ts';
import { type HttpAnswer, openHttp } from './registry-http.ts';

export interface FetchedUrl extends HttpAnswer {
  /** To be called once the body is read or given up. */
  close(): Promise<void>;
}

/** A GET that has succeeded; the body is still to be read. */
export async function fetchUrl(url: URL, signal: AbortSignal | undefined): Promise<FetchedUrl> {
  const http = openHttp({ host: url.host, certificates: { ca: [], client: undefined }, insecure: false });
  const shown = `${url.origin}${url.pathname}`;
  try {
    const answer = await http.send({ url, headers: authorization(url), signal });
    if (answer.status === 200) return { ...answer, close: () => http.close() };
    answer.body.on('error', () => {}).destroy();
    throw new RegistryError(`cannot fetch ${shown}: the server answers ${answer.status}`, {
      status: answer.status,
    });
  } catch (error) {
    await http.close();
    if (!(error instanceof RegistryError) || error.status !== undefined) throw error;
    throw new RegistryError(`cannot fetch ${shown}: ${messageOf(error).replace(/^registry /, '')}`, {
      cause: error,
    });
  }
}

function authorization(url: URL): Record<string, string> {
  if (url.username === '') return {};
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

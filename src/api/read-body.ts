import type { IncomingMessage } from 'node:http';
import { TspodError, UsageError } from '../base/errors.ts';
import type { Exchange } from './exchange.ts';

/** More than any document of the API has; what may be larger (archives) is read as a stream. */
const LONGEST_BODY = 8 * 1024 * 1024;
/** A client on this machine that does not send what it announced for so long has stopped. */
const LONGEST_WAIT_MS = 60_000;

export class BodyTooLargeError extends TspodError {
  override readonly code: string = 'BODY_TOO_LARGE';
  override readonly httpStatus: number = 413;
}

export type JsonObject = Record<string, unknown>;

/** The body as a JSON object; `{}` when there is none. Throws UsageError for anything else. */
export async function readJson({ request }: Exchange): Promise<JsonObject> {
  const text = (await readBytes(request)).toString('utf8');
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError('invalid JSON in the body of the request', { cause: error });
  }
  // docker's client sends `null` where it has nothing to say.
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as JsonObject;
  throw new UsageError('invalid JSON in the body of the request: must be an object');
}

/** All of a body that is short. */
export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > LONGEST_BODY) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(
    () => request.destroy(new Error('the body of the request does not come')),
    LONGEST_WAIT_MS,
  );
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > LONGEST_BODY) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof TspodError) throw error;
    throw new UsageError('the body of the request is incomplete', { cause: error });
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): BodyTooLargeError {
  return new BodyTooLargeError(`the body of the request is larger than ${LONGEST_BODY} bytes`);
}

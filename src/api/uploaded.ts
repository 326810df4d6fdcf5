import { Readable } from 'node:stream';
import { IntegrityError, InvalidSpecError, isConnectionLost, UsageError } from '../base/errors.ts';
import type { Exchange } from './exchange.ts';

/** The body, for those who read it as an archive. */
export function uploadOf({ request }: Pick<Exchange, 'request'>): Readable {
  return Readable.from(request as AsyncIterable<Buffer>);
}

/**
 * Waits for what reads an uploaded archive. In the store a damaged archive is a fault of ours, in a request one of the client's:
 * it gets status 400.
 */
export async function uploaded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asFaultOfRequest(error);
  }
}

function asFaultOfRequest(error: unknown): unknown {
  if (error instanceof IntegrityError)
    return new InvalidSpecError(error.message, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  if (isConnectionLost(error))
    return new UsageError('the body of the request is incomplete', { cause: error });
  return error;
}

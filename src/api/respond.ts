import { once } from 'node:events';
import {
  AlreadyExistsError,
  errnoOf,
  messageOf,
  NotFoundError,
  TspodError,
  WrongStateError,
} from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { Exchange } from './exchange.ts';
import { MethodNotAllowedError } from './router.ts';

/** The whole answer at once. */
export function sendJson({ response }: Exchange, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

/** An answer without a body: 204, 304, or 200. */
export function sendEmpty({ response }: Exchange, status: number): void {
  response.writeHead(status, status === 204 || status === 304 ? {} : { 'Content-Length': 0 });
  response.end();
}

export function sendText(
  { response }: Exchange,
  status: number,
  text: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

/** An answer whose end is not known yet; its headers are sent now, as clients wait for them before they go on. */
export interface StreamAnswer {
  /** Resolves when the client has room for more. Without effect once the client has gone. */
  write(chunk: Buffer | string): Promise<void>;
  /** One JSON document a line. */
  json(document: unknown): Promise<void>;
  end(): void;
}

export function sendStream(exchange: Exchange, contentType: string, status = 200): StreamAnswer {
  const { response, signal } = exchange;
  response.writeHead(status, { 'Content-Type': contentType });
  response.flushHeaders();
  const write = async (chunk: Buffer | string): Promise<void> => {
    if (signal.aborted || response.writableEnded || response.write(chunk)) return;
    await once(response, 'drain', { signal }).catch(() => undefined);
  };
  return {
    write,
    json: (document) => write(`${JSON.stringify(document)}\n`),
    end: () => response.end(),
  };
}

/** Docker reads `message`, podman's clients all three. To docker's clients errors are told in docker's words, where they have some. */
export function sendError(
  exchange: Pick<Exchange, 'response'>,
  error: unknown,
  { asDocker = false }: { asDocker?: boolean } = {},
): void {
  const { response } = exchange;
  if (response.headersSent) {
    // Too late for a status: what has been sent must not look complete.
    response.destroy();
    return;
  }
  const status = statusOf(error);
  if (status >= 500) log('debug', `request failed: ${error instanceof Error ? error.stack : String(error)}`);
  const text = `${JSON.stringify({ cause: causeOf(error), message: asDocker ? dockerTextOf(error) : textOf(error), response: status })}\n`;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...(error instanceof MethodNotAllowedError ? { Allow: error.allowed.join(', ') } : {}),
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

export function statusOf(error: unknown): number {
  if (error instanceof AggregateError) return statusOf(error.errors[0]);
  if (error instanceof TspodError) return error.httpStatus;
  return 500;
}

/** Also for errors inside a stream (`{"errorDetail":{"message":…},"error":…}`). */
export function textOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(textOf).join('\n');
  const text = messageOf(error);
  if (!(error instanceof TspodError)) return errnoOf(error) === undefined ? `internal error: ${text}` : text;
  return error.hint === undefined ? text : `${text}\n${error.hint}`;
}

/** The same in docker's words, where there are some. */
export function dockerTextOf(error: unknown): string {
  return error instanceof TspodError && error.dockerMessage !== undefined
    ? error.dockerMessage
    : textOf(error);
}

/** Podman's clients compare it with the words of podman's own errors; otherwise it is the innermost reason. */
function causeOf(error: unknown): string {
  if (error instanceof NotFoundError) return NOT_THERE[error.kind] ?? `no such ${error.kind}`;
  if (error instanceof WrongStateError) return 'container state improper';
  if (error instanceof AlreadyExistsError)
    return EXISTS.exec(error.message)?.[0] ?? 'container already exists';
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  return messageOf(inner);
}

/** Of which kind the object is, in podman's words, stands in the message. */
const EXISTS = /(?:pod|volume|network) already exists|secret name in use/;

const NOT_THERE: Readonly<Record<string, string>> = {
  image: 'image not known',
  network: 'network not found',
  'exec session': 'no such exec session',
  page: 'page not found',
  plugin: 'plugin not found',
};

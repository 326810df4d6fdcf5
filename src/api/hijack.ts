import type { Readable, Writable } from 'node:stream';
import type { Exchange } from './exchange.ts';

/** A connection that has become a plain stream in both directions. */
export interface HijackedStream {
  /** Ends when the client closes its side: the end of the input, not of the connection. */
  input: Readable;
  output: Writable;
  /** After all that was written. */
  end(): void;
}

/**
 * Takes the connection over: `101 UPGRADED` for clients that asked for it, else an answer without an end. Nothing else may be
 * answered afterwards. `multiplexed`: stdout and stderr come in frames (frames.ts); the media type says so from API 1.42 on.
 */
export function hijack(exchange: Exchange, multiplexed: boolean): HijackedStream {
  const { request, response, socket } = exchange;
  const framed = multiplexed && exchange.version.minor >= FIRST_WITH_MULTIPLEXED;
  const contentType = `application/vnd.docker.${framed ? 'multiplexed' : 'raw'}-stream`;
  if (!exchange.wantsUpgrade) {
    // Until the end of the connection: old clients cannot read chunks.
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.writeHead(200, { 'Content-Type': contentType });
    response.flushHeaders();
    return { input: request, output: response, end: () => response.end() };
  }
  response.detachSocket(request.socket);
  socket.write(
    `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n` +
      `Api-Version: ${String(response.getHeader('Api-Version'))}\r\n\r\n`,
  );
  if (exchange.head.length > 0) socket.unshift(exchange.head);
  return { input: socket, output: socket, end: () => socket.end() };
}

const FIRST_WITH_MULTIPLEXED = 42;

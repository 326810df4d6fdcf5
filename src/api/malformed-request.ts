import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { errnoOf, messageOf } from '../base/errors.ts';

interface Fault {
  status: string;
  message: string;
}

/** Answers what is no HTTP, or breaks off in the middle, and closes the connection. */
export function refuseMalformed(error: Error, socket: Duplex): void {
  // Into an answer that has begun no other can be written.
  if (!socket.writable || hasAnswered(socket)) {
    socket.destroy();
    return;
  }
  end(
    socket,
    FAULTS[errnoOf(error) ?? ''] ?? {
      status: '400 Bad Request',
      message: `the request is malformed: ${messageOf(error).replace(/^Parse Error: /, '')}`,
    },
  );
}

/** Answers who takes us for a proxy. */
export function refuseConnect(_request: IncomingMessage, socket: Duplex): void {
  // It may be gone already.
  socket.on('error', () => {});
  end(socket, {
    status: '405 Method Not Allowed',
    message: 'this service is no proxy: no connections from here',
  });
}

function end(socket: Duplex, { status, message }: Fault): void {
  const body = `${JSON.stringify({ cause: message, message, response: Number.parseInt(status, 10) })}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const FAULTS: Readonly<Record<string, Fault>> = {
  HPE_INVALID_EOF_STATE: {
    status: '400 Bad Request',
    message: 'the request is incomplete: it ends before what it announced',
  },
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    message: 'the headers of the request are too large',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    message: 'the headers of the request did not come in time',
  },
};

/** Node tells it in no other way. */
function hasAnswered(socket: Duplex): boolean {
  const answer: unknown = Reflect.get(socket, '_httpMessage');
  return typeof answer === 'object' && answer !== null && Reflect.get(answer, 'headersSent') === true;
}

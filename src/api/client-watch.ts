import type { Duplex } from 'node:stream';
import type { Engine } from '../engine/engine.ts';

const LOOK_MS = 1000;

/**
 * Destroys a taken-over connection whose client has gone. Nobody may be reading it, and the end of what the client sends does not
 * mean that it has gone: it may still listen. Ends with the connection.
 */
export function watchClient({ syscalls }: Engine, socket: Duplex): void {
  const look = setInterval(() => {
    const fd = descriptorOf(socket);
    if (fd !== undefined && syscalls.isHungUp(fd)) socket.destroy();
  }, LOOK_MS);
  look.unref();
  socket.once('close', () => clearInterval(look));
}

/** Node tells it in no other way. */
function descriptorOf(socket: Duplex): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

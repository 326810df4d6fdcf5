import { closeSync, constants, openSync, writeSync } from 'node:fs';

/** Lines for the monitor's control fifo; described in protocol.md. */
export const STARTED = '3 0 0\n';
export const CHECK_HEALTH = '4 0 0\n';
export const RELOAD_HEALTH = '5 0 0\n';

/** False when no monitor listens (any more). */
export function tellMonitor(control: string, line: string): boolean {
  try {
    // Without O_NONBLOCK this would wait for ever for a monitor that is gone.
    const fd = openSync(control, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(fd, line);
    } finally {
      closeSync(fd);
    }
    return true;
  } catch {
    return false;
  }
}

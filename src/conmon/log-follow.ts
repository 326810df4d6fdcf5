import type { LogAlarm } from './log-alarm.ts';
import type { LogReader } from './log-reader.ts';

export interface FollowOptions {
  alarm: LogAlarm;
  /** False once nothing more will be written. */
  isActive(): boolean;
  /** Milliseconds since 1970: end at that time. */
  until: number | undefined;
}

/** Goes on reading until the container has ended and everything it wrote was delivered. */
export async function followLog(reader: LogReader, options: FollowOptions): Promise<void> {
  const { alarm, isActive, until } = options;
  for (;;) {
    // Asked before reading: what was written until the end was seen is read after it.
    const active = isActive() && (until === undefined || Date.now() < until);
    await reader.readOn();
    if (!active) return;
    await alarm.next();
  }
}

import { writeAll } from './write-all.ts';

/** Diagnostics on stderr, never on stdout. The level comes from `--log-level`; the default shows warnings and worse. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'panic';

const ORDER: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'];
let threshold = ORDER.indexOf('warn');

/** Accepts podman's spellings; returns undefined for an unknown one. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const wanted = text.toLowerCase() === 'warning' ? 'warn' : text.toLowerCase();
  return ORDER.find((level) => level === wanted);
}

export function setLogLevel(level: LogLevel): void {
  threshold = ORDER.indexOf(level);
}

export function logLevel(): LogLevel {
  return ORDER[threshold] ?? 'warn';
}

export function isLogged(level: LogLevel): boolean {
  return ORDER.indexOf(level) >= threshold;
}

export function log(level: LogLevel, message: string): void {
  if (!isLogged(level)) return;
  try {
    writeAll(2, `time="${new Date().toISOString()}" level=${level} msg=${JSON.stringify(message)}\n`);
  } catch {
    // Nobody reads it any more, or the disk is full: no reason for a command to fail.
  }
}

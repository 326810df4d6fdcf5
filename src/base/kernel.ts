import { readFileSync } from 'node:fs';

/*
 * What node:os tells too, without the millisecond that loading it takes.
 */

/** As `uname -r`. */
export function kernelRelease(): string {
  return readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
}

/** How long the kernel has been running, in milliseconds. */
export function uptimeMs(): number {
  return Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) * 1000;
}

/** Of the machine, in bytes. */
export function totalMemory(): number {
  const [, kilobytes = '0'] = /^MemTotal:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

import { matchesGlob } from 'node:path';
import type { SecuritySpec } from './container-spec.ts';

/** They tell about, or act on, the whole machine. Those that a kernel lacks are skipped by the runtime. */
const MASKED = [
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/dev/block',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
  '/sys/fs/selinux',
];

const READ_ONLY = ['/proc/asound', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** maskedPaths and readonlyPaths of config.json: the defaults unless privileged, less `unmask`, plus `mask`. */
export function systemPaths(security: SecuritySpec): { maskedPaths: string[]; readonlyPaths: string[] } {
  const keep = (path: string) =>
    !security.unmask.some((pattern) => pattern === 'ALL' || pattern === path || matchesGlob(path, pattern));
  const masked = security.maskedPaths ?? (security.privileged ? [] : MASKED);
  const readOnly = security.readonlyPaths ?? (security.privileged ? [] : READ_ONLY);
  return {
    maskedPaths: [...masked.filter(keep), ...security.mask],
    readonlyPaths: readOnly.filter(keep),
  };
}

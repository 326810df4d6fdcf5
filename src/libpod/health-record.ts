import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HealthcheckConfig } from '../oci/image-spec.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';

/** podman's document, as the monitor writes it after each check. */
export interface HealthRecord {
  Status: string;
  FailingStreak: number;
  Log: HealthLogEntry[];
}

export interface HealthLogEntry {
  Start: string;
  End: string;
  ExitCode: number;
  Output: string;
}

export function hasHealthcheck(check: HealthcheckConfig | undefined): check is HealthcheckConfig {
  return check !== undefined && check.test.length > 0 && check.test[0] !== 'NONE';
}

/** Where the monitor keeps state and log: in the bundle, unless the user has named a directory. */
export function healthLogPath(libpod: Libpod, id: string, spec: Pick<ContainerSpec, 'health'>): string {
  const destination = spec.health?.logDestination ?? 'local';
  return destination.startsWith('/')
    ? join(destination, `${id}-healthcheck.log`)
    : join(containerPaths(libpod.paths, id).bundle.bundle, NAME);
}

/** What is left of it when the container has ended. */
export function keptHealthLog(libpod: Libpod, id: string): string {
  return join(containerPaths(libpod.paths, id).directory, NAME);
}

const NAME = 'healthcheck.log';

/** Without a lock: the file appears by rename. Undefined: no check has been made yet, or what is there is no such document. */
export function readHealth(libpod: Libpod, record: ContainerRecord): HealthRecord | undefined {
  return (
    parseFile(healthLogPath(libpod, record.id, record.spec)) ?? parseFile(keptHealthLog(libpod, record.id))
  );
}

/** `starting`, `healthy` or `unhealthy` while it runs, else ''; undefined for a container without a check. */
export function healthStatus(
  libpod: Libpod,
  record: ContainerRecord,
  check = record.spec.healthcheck,
): string | undefined {
  if (!hasHealthcheck(check)) return undefined;
  if (record.state !== 'running' && record.state !== 'paused' && record.state !== 'stopping') return '';
  return parseFile(healthLogPath(libpod, record.id, record.spec))?.Status ?? 'starting';
}

function parseFile(path: string): HealthRecord | undefined {
  try {
    const json = JSON.parse(readFileSync(path, 'utf8')) as Partial<HealthRecord> | null;
    if (typeof json?.Status !== 'string' || typeof json.FailingStreak !== 'number') return undefined;
    return { Status: json.Status, FailingStreak: json.FailingStreak, Log: (json.Log ?? []).filter(isEntry) };
  } catch {
    return undefined;
  }
}

function isEntry(entry: Partial<HealthLogEntry> | null): entry is HealthLogEntry {
  return (
    typeof entry?.Start === 'string' &&
    typeof entry.End === 'string' &&
    typeof entry.ExitCode === 'number' &&
    typeof entry.Output === 'string'
  );
}

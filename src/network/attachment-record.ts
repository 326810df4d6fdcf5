import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { errnoOf } from '../base/errors.ts';
import type { NetavarkInput } from './netavark-input.ts';

/**
 * What is set up for one container: written before anything is done to the host, removed when all of it is undone. As it is
 * netavark's own input file (which ignores `tspod`), undoing needs nothing else, whatever became of the state DB.
 */
export type AttachmentRecord = Partial<NetavarkInput> & {
  container_id: string;
  tspod: {
    backend: 'bridge' | 'pasta' | 'slirp4netns';
    /** False while the set-up runs, or when it died. */
    ready: boolean;
    netnsPath: string;
    leases: { network: string; address: string }[];
    /** Rootless, on bridges, with published ports: the number of its way in. */
    slot?: number;
  };
};

export interface NetworkFiles {
  /** Leases: a folder per network. */
  leases: string;
  /** One record per container. */
  records: string;
  /** The `--config` of netavark: aardvark's and the firewall's own files. */
  netavark: string;
  lock: string;
  /** Bound namespaces, `<container id>`. */
  namespaces: string;
}

export function networkFiles(runRoot: string): NetworkFiles {
  const room = join(runRoot, 'networks');
  return {
    leases: join(room, 'leases'),
    records: join(room, 'containers'),
    netavark: join(room, 'netavark'),
    lock: join(room, 'netavark.lock'),
    namespaces: join(runRoot, 'netns'),
  };
}

export function recordPath(files: NetworkFiles, containerId: string): string {
  return join(files.records, `${containerId}.json`);
}

export function writeRecord(files: NetworkFiles, record: AttachmentRecord): void {
  mkdirSync(files.records, { recursive: true, mode: 0o700 });
  writeFileAtomic(recordPath(files, record.container_id), JSON.stringify(record), { durable: false });
}

/** Undefined when nothing is recorded. */
export function readRecord(files: NetworkFiles, containerId: string): AttachmentRecord | undefined {
  const path = recordPath(files, containerId);
  // Asked first: making an error that is thrown away costs more.
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as AttachmentRecord;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export function removeRecord(files: NetworkFiles, containerId: string): void {
  try {
    unlinkSync(recordPath(files, containerId));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Ids of all containers that have a record, sorted. */
export function recordedContainers(files: NetworkFiles): string[] {
  try {
    return readdirSync(files.records)
      .flatMap((name) => /^([0-9a-f]+)\.json$/.exec(name)?.[1] ?? [])
      .sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

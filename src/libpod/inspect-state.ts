import { existsSync } from 'node:fs';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import { healthStatus, readHealth } from './health-record.ts';
import { cgroupOfContainer } from './host-cgroups.ts';
import type { InspectDocument, Inspected } from './inspected.ts';
import { dueRestart } from './restart-policy.ts';
import { displayState } from './transitions.ts';

/** Go's time that nobody has set. */
const NEVER = '0001-01-01T00:00:00Z';
/** What config.json is written to. */
const OCI_VERSION = '1.0.2';

export function inspectState({ libpod, record, running }: Inspected): InspectDocument {
  const { state, facts } = record;
  const lives = state === 'running' || state === 'paused' || state === 'stopping' || state === 'initialized';
  return {
    OciVersion: running?.ociVersion ?? OCI_VERSION,
    Status: displayState(state),
    Running: state === 'running' || state === 'stopping',
    Paused: state === 'paused',
    Restarting: dueRestart(libpod, record) !== undefined,
    OOMKilled: record.oomKilled,
    Dead: false,
    Pid: lives ? (record.pid ?? 0) : 0,
    ...(lives && record.monitorPid !== undefined ? { ConmonPid: record.monitorPid } : {}),
    ExitCode: record.exitCode ?? 0,
    Error: record.error,
    StartedAt: goTime(record.startedAt),
    FinishedAt: goTime(record.finishedAt),
    ...inspectHealth(libpod, record),
    ...(lives && facts.cgroupPath !== undefined ? { CgroupPath: cgroupPath(record) } : {}),
    ...inspectCheckpoint(libpod, record),
    ...(record.stoppedByUser ? { StoppedByUser: true } : {}),
  };
}

function cgroupPath({ id, pid, facts }: ContainerRecord): string | undefined {
  return (pid === undefined ? undefined : cgroupOfContainer(pid, id)) ?? facts.cgroupPath;
}

/** As podman: flags and paths that hold, times in any case. */
function inspectCheckpoint(
  libpod: Inspected['libpod'],
  { id, checkpoint }: ContainerRecord,
): InspectDocument {
  const { directory } = containerPaths(libpod.paths, id);
  const existing = (name: string, path: string): InspectDocument =>
    existsSync(path) ? { [name]: path } : {};
  const { checkpointedAt, restoredAt } = checkpoint ?? {};
  return {
    ...(checkpointedAt === undefined ? {} : { Checkpointed: true }),
    CheckpointedAt: goTime(checkpointedAt),
    ...(restoredAt === undefined ? {} : { Restored: true }),
    RestoredAt: goTime(restoredAt),
    ...(checkpoint === undefined
      ? {}
      : {
          ...existing('CheckpointPath', `${directory}/checkpoint/checkpoint`),
          ...existing('CheckpointLog', `${directory}/checkpoint/dump.log`),
          ...existing('RestoreLog', `${directory}/restore.log`),
        }),
  };
}

/** Of a container that has ended, what the last checks said. */
function inspectHealth(libpod: Inspected['libpod'], record: ContainerRecord): InspectDocument {
  const status = healthStatus(libpod, record);
  if (status === undefined) return {};
  const health = readHealth(libpod, record);
  const log = health?.Log ?? [];
  return {
    Health: {
      Status: status || (health?.Status ?? ''),
      FailingStreak: health?.FailingStreak ?? 0,
      Log: log.length === 0 ? null : log,
    },
  };
}

/** RFC 3339 as Go writes it: no zeros at the end of the fraction. */
export function goTime(text: string | undefined): string {
  return text === undefined ? NEVER : text.replace(/(\.\d*?)0+Z$/, '$1Z').replace('.Z', 'Z');
}

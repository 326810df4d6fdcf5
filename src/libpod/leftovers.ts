import { readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../base/errors.ts';
import { containerOfExitFile, exitDirectory } from '../conmon/exit-record.ts';
import { readMonitorPid } from '../conmon/launch-monitor.ts';
import { isAlive, startTimeOf } from '../native/process-identity.ts';
import { MNT_DETACH } from '../native/syscalls.ts';
import { reconcileNetworks } from '../network/teardown.ts';
import { transaction } from '../state/db.ts';
import { storeLayout } from '../storage/layout.ts';
import { moveToTrash } from '../storage/removal.ts';
import { getContainer } from './container.ts';
import { tryLockPod } from './pod-lock.ts';
import { getPod } from './pod.ts';
import { tryLockContainer } from './container-lock.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { abandonedElsewhere, forgetElsewhere } from './elsewhere.ts';
import { networkContext } from './network-context.ts';
import { abandonedSecrets, removeAbandonedSecret } from './secret.ts';
import { hasVolume } from './volume.ts';
import { freeVolumeLimits } from './volume-quota.ts';
import { abandonedVolumeData, removeAbandonedData } from './volume-data.ts';

/** Something on disk that no row names: a process was killed between the end of the row and the end of the thing. */
export interface Leftover {
  path: string;
  problem: string;
  remove(): Promise<void>;
}

/**
 * What killed commands left of containers and volumes that are gone. Safe beside running commands: what may still come to have a row
 * is never named, and of containers whose processes live nothing is touched.
 */
export function findLeftovers(libpod: Libpod): Leftover[] {
  return [
    ...bundles(libpod),
    ...exitFiles(libpod),
    ...lockFiles(libpod),
    ...volumes(libpod),
    ...elsewhere(libpod),
  ];
}

/** Removes all of it, and the networks of containers that do not run. Returns the paths. */
export async function removeLeftovers(libpod: Libpod): Promise<string[]> {
  const found = findLeftovers(libpod);
  for (const leftover of found) await leftover.remove();
  await reconcileNetworks(networkContext(libpod, ''));
  return found.map(({ path }) => path);
}

const ID = /^[0-9a-f]{64}$/;

function bundles(libpod: Libpod): Leftover[] {
  return unknownIds(libpod, join(libpod.paths.runRoot, 'containers'), (name) => name).flatMap(
    ({ id, path }) => {
      const { bundle, shm, secrets } = containerPaths(libpod.paths, id);
      if (lives(bundle.pidFile) || lives(bundle.monitorPidFile)) return [];
      const remove = async (): Promise<void> => {
        for (const mount of [shm, secrets])
          try {
            libpod.syscalls.umount(mount, MNT_DETACH);
          } catch {
            // Not mounted.
          }
        await rm(path, { recursive: true, force: true });
      };
      return { path, problem: 'belongs to no container', remove };
    },
  );
}

function exitFiles(libpod: Libpod): Leftover[] {
  return unknownIds(libpod, exitDirectory(libpod.paths.runRoot), containerOfExitFile).map(({ path }) => ({
    path,
    problem: 'tells the end of no container',
    remove: () => rm(path, { recursive: true, force: true }),
  }));
}

function lockFiles(libpod: Libpod): Leftover[] {
  const named = (name: string): string => name.replace(/^container-/, '');
  const ofPods = list(libpod.paths.locks).filter((name) => name.startsWith('pod-'));
  return [
    ...unknownIds(libpod, libpod.paths.locks, named).map(({ id, path }) => ({
      path,
      problem: 'locks no container',
      // Whoever gets the lock of a container that is gone removes its file.
      remove: async () => tryLockContainer(libpod, id)?.release(),
    })),
    ...ofPods
      .map((name) => ({ id: name.slice('pod-'.length), path: join(libpod.paths.locks, name) }))
      .filter(({ id }) => getPod(libpod.db, id) === undefined)
      .map(({ id, path }) => ({
        path,
        problem: 'locks no pod',
        remove: async () => tryLockPod(libpod, id)?.release(),
      })),
  ];
}

/** First the names, then the rows: a row comes before its files. */
function unknownIds(
  libpod: Libpod,
  directory: string,
  idOf: (name: string) => string,
): { id: string; path: string }[] {
  return list(directory)
    .map((name) => ({ id: idOf(name), path: join(directory, name) }))
    .filter(({ id }) => ID.test(id) && getContainer(libpod.db, id) === undefined);
}

function volumes(libpod: Libpod): Leftover[] {
  const suspects = list(libpod.paths.volumes).filter((name) => !hasVolume(libpod, name));
  if (suspects.length === 0) return [];
  // A volume's directory is made inside the transaction that brings its row: only who holds the lock sees both or neither.
  return transaction(
    libpod.db,
    () =>
      suspects
        .filter((name) => !hasVolume(libpod, name))
        .map((name) => ({
          path: join(libpod.paths.volumes, name),
          problem: 'belongs to no volume',
          remove: () => removeVolumeDirectory(libpod, name),
        })),
    false,
  );
}

async function removeVolumeDirectory(libpod: Libpod, name: string): Promise<void> {
  const layout = storeLayout(libpod.paths.graphRoot);
  const path = join(libpod.paths.volumes, name);
  const take = (): string | undefined => {
    if (hasVolume(libpod, name)) return undefined;
    freeVolumeLimits(libpod, join(path, '_data'));
    return moveToTrash(layout, path);
  };
  const trashed = transaction(libpod.db, take, false);
  if (trashed !== undefined) await libpod.syscalls.removeTree(trashed);
}

/** What killed commands put, or left, outside of the graph root. */
function elsewhere(libpod: Libpod): Leftover[] {
  const problem = 'was being made or removed by a command that was killed';
  return [
    ...abandonedVolumeData(libpod).map((it) => ({
      path: it.key,
      problem,
      remove: () => removeAbandonedData(libpod, it),
    })),
    ...abandonedElsewhere(libpod.db, 'file').map(({ key }) => ({
      path: key,
      problem,
      remove: () => {
        rmSync(key, { force: true });
        forgetElsewhere(libpod.db, key);
        return Promise.resolve();
      },
    })),
    ...abandonedSecrets(libpod.db).map((it) => ({
      path: `secret ${it.key}`,
      problem,
      remove: () => removeAbandonedSecret(libpod.db, it),
    })),
  ];
}

function lives(pidFile: string): boolean {
  const pid = readMonitorPid(pidFile);
  // A zombie has ended, though its parent has not asked yet.
  return pid !== undefined && isAlive({ pid, startTime: startTimeOf(pid) });
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

import { listPodContainers } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import { findPod, type PodRecord } from '../libpod/pod.ts';
import { removePod, settlePod } from '../libpod/pod-remove.ts';
import { stopPod } from '../libpod/pod-stop.ts';
import { findSecret, removeSecret } from '../libpod/secret.ts';
import { namesOf } from '../kube/read-plan.ts';
import type { Engine } from './engine.ts';
import { removeVolume, volumeExists } from './volumes.ts';

/** Ids of pods and secrets, names of volumes, and what could not be done. */
export interface DownReport {
  stopped: Removal[];
  removed: Removal[];
  secrets: Removal[];
  volumes: Removal[];
  /** Exit codes of the containers, if all of them had ended before; init containers are not counted. */
  codes: number[];
}

export interface Removal {
  id: string;
  failure?: unknown;
}

/** Takes away what the documents name; what is not there is fine. `force`: volumes of claims, with what is in them, too. */
export async function kubeDown(engine: Engine, text: string, force: boolean): Promise<DownReport> {
  const names = namesOf(text);
  const pods: PodRecord[] = [];
  for (const name of names.pods) {
    const found = findPod(engine.db, name);
    const pod = found?.name === name ? await settlePod(engine, found) : undefined;
    if (pod !== undefined) pods.push(pod);
  }
  const codes = codesOf(engine, pods);
  const report: DownReport = { stopped: [], removed: [], secrets: [], volumes: [], codes };
  for (const { id } of pods)
    report.stopped.push(
      await attempt(id, async () => {
        const failures = await stopPod(engine, id, { withPod: true });
        if (failures.length > 0) throw new AggregateError(failures);
      }),
    );
  for (const { id } of pods)
    report.removed.push(await attempt(id, () => removePod(engine, id, { force: true })));
  for (const name of names.secrets) {
    const secret = findSecret(engine.db, name);
    if (secret?.name === name)
      report.secrets.push(await attempt(secret.id, () => removeSecret(engine.db, secret.id)));
  }
  if (force)
    for (const name of names.claims.filter((each) => volumeExists(engine, each)))
      report.volumes.push(
        await attempt(name, () => removeVolume(engine, name, { force: false, timeout: undefined })),
      );
  return report;
}

function codesOf(engine: Engine, pods: readonly PodRecord[]): number[] {
  const records = pods
    .flatMap(({ id }) => listPodContainers(engine.db, id))
    .filter(({ spec }) => spec.podRole === undefined)
    .map((record) => observe(engine, record));
  return records.every(({ state }) => state === 'exited') ? records.map(({ exitCode = 0 }) => exitCode) : [];
}

async function attempt(id: string, work: () => Promise<unknown>): Promise<Removal> {
  try {
    await work();
    return { id };
  } catch (failure) {
    return { id, failure };
  }
}

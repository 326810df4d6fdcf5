/** Use cases on pods, for CLI and API alike. */
import { NotFoundError } from '../base/errors.ts';
import { findPod, latestPod, listPods, type PodRecord } from '../libpod/pod.ts';
import { settlePod } from '../libpod/pod-remove.ts';
import type { Engine } from './engine.ts';

export { createPod, type CreatePodRequest } from './create-pod.ts';
export { podStatus, type PodStatus } from '../libpod/pod-status.ts';
export { startPod } from '../libpod/pod-start.ts';
export { removePod, type RemovePodOptions } from '../libpod/pod-remove.ts';
export {
  killPod,
  pausePod,
  restartPod,
  stopPod,
  type StopPodOptions,
  unpausePod,
} from '../libpod/pod-stop.ts';
export type { PodRecord } from '../libpod/pod.ts';

/** By name, id, or the beginning of one. What a killed command has left half made is not there. */
export async function getPodByName(
  engine: Engine,
  nameOrId: string,
  options: { evenDamaged?: boolean | undefined } = {},
): Promise<PodRecord> {
  const found = findPod(engine.db, nameOrId, options);
  const pod = found === undefined ? undefined : await settlePod(engine, found);
  if (pod !== undefined) return pod;
  throw new NotFoundError('pod', nameOrId, {
    message: `no pod with name or ID ${nameOrId} found: no such pod`,
  });
}

export async function getLatestPod(engine: Engine): Promise<PodRecord> {
  return (await settlePod(engine, latestPod(engine.db))) ?? (await getLatestPod(engine));
}

/** Oldest first. */
export async function settledPods(engine: Engine): Promise<PodRecord[]> {
  const pods: PodRecord[] = [];
  for (const stored of listPods(engine.db)) {
    const pod = await settlePod(engine, stored);
    if (pod !== undefined) pods.push(pod);
  }
  return pods;
}

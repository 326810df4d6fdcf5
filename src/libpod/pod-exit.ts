import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { type ContainerRecord, getContainer, listPodContainers } from './container.ts';
import type { Libpod } from './context.ts';
import { observe } from './observe.ts';
import { getPod, listPods, type PodRecord } from './pod.ts';
import { dueRestart, planRestart } from './restart-policy.ts';
import { stopContainer } from './stop.ts';

/** After the end of a container of this pod: with the exit policy `stop`, nothing but the infra container goes on alone. */
export async function containerEnded(libpod: Libpod, podId: string): Promise<void> {
  const pod = getPod(libpod.db, podId);
  if (pod?.infraId === undefined || pod.spec.exitPolicy !== 'stop' || isAtWork(libpod, pod)) return;
  const { service } = pod.spec;
  if (service === undefined) return await stopInfra(libpod, pod);
  if (!service.isMain) await stopInfra(libpod, pod);
  const played = listPods(libpod.db).filter(({ spec }) => spec.service?.id === service.id);
  const main = played.find(({ spec }) => spec.service?.isMain === true);
  if (main !== undefined && !played.some((each) => isAtWork(libpod, each) || isToStart(libpod, each)))
    await stopInfra(libpod, main);
}

function isAtWork(libpod: Libpod, pod: PodRecord): boolean {
  return membersOf(libpod, pod).some((record) => goesOn(libpod, record));
}

/** The service is still playing. */
function isToStart(libpod: Libpod, pod: PodRecord): boolean {
  return membersOf(libpod, pod).some((record) => observe(libpod, record).state === 'created');
}

function membersOf(libpod: Libpod, { id: podId, infraId }: PodRecord): ContainerRecord[] {
  return listPodContainers(libpod.db, podId).filter(({ id }) => id !== infraId);
}

async function stopInfra(libpod: Libpod, pod: PodRecord): Promise<void> {
  const infra = pod.infraId === undefined ? undefined : getContainer(libpod.db, pod.infraId);
  if (infra === undefined || observe(libpod, infra).state !== 'running') return;
  try {
    await stopContainer(libpod, infra.id);
  } catch (error) {
    log('warn', `cannot stop pod ${pod.name}, whose last container has ended: ${messageOf(error)}`);
  }
}

function goesOn(libpod: Libpod, record: ContainerRecord): boolean {
  const now = observe(libpod, record);
  if (now.state !== 'exited') return now.state !== 'created' && now.state !== 'removing';
  // As long as its end has not been settled nothing is due yet.
  const restart = now.facts.held === true ? planRestart(libpod, now) : dueRestart(libpod, now);
  return restart !== undefined;
}

import type { ContainerState } from './transitions.ts';

export type PodStatus = 'Created' | 'Running' | 'Degraded' | 'Paused' | 'Exited' | 'Stopped' | 'Error';

/** podman's word for a pod, from the states of its containers as they are displayed. */
export function podStatus(states: readonly ContainerState[]): PodStatus {
  const count = (...wanted: ContainerState[]): number =>
    states.filter((state) => wanted.includes(state)).length;
  const running = count('running');
  const exited = count('exited');
  if (states.length === 0) return 'Created';
  if (running === states.length) return 'Running';
  if (running > 0) return 'Degraded';
  if (count('paused') === states.length) return 'Paused';
  if (exited === states.length) return 'Exited';
  if (exited > 0) return 'Stopped';
  return count('paused', 'stopping', 'removing', 'initialized') > 0 ? 'Error' : 'Created';
}

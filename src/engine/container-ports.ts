import { type ContainerRecord, getContainer } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import type { PortMapping } from '../specgen/container-spec.ts';
import type { Engine } from './engine.ts';

/** What of a container can be reached from outside now: nothing while it does not run. */
export function reachablePorts(engine: Engine, record: ContainerRecord): readonly PortMapping[] {
  return observe(engine, record).state === 'running' ? portsOf(engine, record) : [];
}

/** Published ports; one that shares the network of another container has the other's. */
export function portsOf(engine: Engine, record: ContainerRecord): readonly PortMapping[] {
  const { mode, ports } = record.spec.network;
  if (mode.mode !== 'container') return ports;
  const donor = getContainer(engine.db, mode.id);
  return donor === undefined ? [] : portsOf(engine, donor);
}

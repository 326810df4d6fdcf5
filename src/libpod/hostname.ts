import { readFileSync } from 'node:fs';
import { type ContainerRecord, lookupContainer } from './container.ts';
import type { Libpod } from './context.ts';

/** What `hostname` prints inside. */
export function hostnameOf(libpod: Libpod, record: ContainerRecord): string {
  const { spec } = record;
  if (spec.hostname !== undefined && spec.hostname !== '') return spec.hostname;
  if (spec.namespaces.uts.mode === 'container')
    return hostnameOf(libpod, lookupContainer(libpod.db, spec.namespaces.uts.id));
  // A container on the host's network answers to the host's name, as in podman and docker.
  if (spec.namespaces.uts.mode === 'host' || spec.network.mode.mode === 'host') return hostName();
  return spec.nameAsHostname === true ? nameFor(record) : record.id.slice(0, 12);
}

/** Of a container's name what a host name may have. */
function nameFor({ name }: ContainerRecord): string {
  return name.replace(/[^A-Za-z0-9.-]/g, '').slice(0, 64);
}

function hostName(): string {
  return readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
}

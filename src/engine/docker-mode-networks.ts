import { createHash } from 'node:crypto';
import { listContainers } from '../libpod/container.ts';
import { observe } from '../libpod/observe.ts';
import type { NetworkDefinition } from '../network/network-definition.ts';
import type { Engine } from './engine.ts';
import type { NetworkMember } from './networks.ts';

/** docker's two networks that are only modes: no file describes them, and nobody can change them. */
export function modeNetworks(): readonly NetworkDefinition[] {
  return [modeNetwork('host', 'host'), modeNetwork('none', 'null')];
}

/** By name, id or the start of one. */
export function findModeNetwork(nameOrId: string): NetworkDefinition | undefined {
  return modeNetworks().find(
    ({ name, id }) => name === nameOrId || (nameOrId.length >= 4 && id.startsWith(nameOrId)),
  );
}

/** Who runs in that mode; such containers have no address of their own. */
export function modeMembers(engine: Engine, { name }: NetworkDefinition): NetworkMember[] {
  return listContainers(engine.db)
    .filter(({ spec }) => spec.network.mode.mode === name)
    .filter((record) => ['running', 'paused'].includes(observe(engine, record).state))
    .map((record) => ({ id: record.id, name: record.name, interfaces: [] }));
}

function modeNetwork(name: string, driver: string): NetworkDefinition {
  const id = createHash('sha256').update(`network mode ${name}`).digest('hex');
  // docker's clients want a time; these networks have none.
  const created = '0001-01-01T00:00:00Z';
  return { name, id, driver, created, ipv6_enabled: false, internal: false, dns_enabled: false };
}

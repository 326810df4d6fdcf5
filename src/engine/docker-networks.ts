import { UsageError } from '../base/errors.ts';
import { DEFAULT_NETWORK_ID, type NetworkDefinition } from '../network/network-definition.ts';
import { modeNetworks } from './docker-mode-networks.ts';
import { dockerNetworkName } from './docker-network.ts';
import type { Engine } from './engine.ts';
import { listNetworks } from './networks.ts';

/** What docker lists: its own three first made, then the user's; filters see docker's names. */
export function listDockerNetworks(engine: Engine, filters: readonly string[]): NetworkDefinition[] {
  const types = valuesOf(filters, 'type');
  const scopes = valuesOf(filters, 'scope');
  const others = filters.filter((filter) => !/^(type|scope)=/.test(filter));
  const wrong = types.find((type) => type !== 'builtin' && type !== 'custom');
  if (wrong !== undefined) throw new UsageError(`invalid filter 'type=${wrong}'`);
  return listNetworks(engine, others, { named: dockerNetworkName, also: modeNetworks() })
    .filter((network) => types.length === 0 || types.includes(isBuiltIn(network) ? 'builtin' : 'custom'))
    .filter(() => scopes.length === 0 || scopes.includes('local'));
}

function isBuiltIn(network: NetworkDefinition): boolean {
  return network.id === DEFAULT_NETWORK_ID || modeNetworks().some(({ id }) => id === network.id);
}

function valuesOf(filters: readonly string[], key: string): string[] {
  return filters
    .filter((filter) => filter.startsWith(`${key}=`))
    .map((filter) => filter.slice(key.length + 1));
}

import type { ContainerRecord } from '../libpod/container.ts';
import { DEFAULT_NETWORK_NAME } from '../network/network-definition.ts';
import type { ContainerSpec, NetworkAttachment } from '../specgen/container-spec.ts';
import { inspectNetwork, type InspectDocument, networkMode } from './container-parts.ts';
import type { Engine } from './engine.ts';
import { displayState } from './list-containers.ts';

/** A command as one text: arguments with blanks stand in quotes. */
export function dockerCommand([program = '', ...args]: readonly string[]): string {
  return [program, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}

/** docker's words for states: it has no others. */
export function dockerState(state: ContainerRecord['state']): string {
  const shown = displayState(state);
  return shown === 'stopping' ? 'running' : shown === 'initialized' ? 'created' : shown;
}

/** Of a bridge the name of the first network, as it was asked for. */
export function dockerNetworkMode(spec: ContainerSpec): string {
  const { mode } = spec.network;
  if (mode.mode !== 'bridge') return networkMode(spec);
  return dockerAttachment(mode.networks[0]?.name ?? 'bridge');
}

/** By the name that docker's list of networks has for it. */
export function dockerAttachment(network: string): string {
  return network === DEFAULT_NETWORK_NAME ? 'bridge' : network;
}

/** NetworkSettings.Networks: one entry per network. */
export function dockerEndpoints(engine: Engine, record: ContainerRecord): InspectDocument {
  const { mode } = record.spec.network;
  const endpoints = endpointsIn(inspectNetwork(engine, record), record);
  for (const attachment of mode.mode === 'bridge' ? mode.networks : [])
    Object.assign(endpoints[dockerAttachment(attachment.name)] ?? {}, askedFor(attachment));
  return endpoints;
}

/** docker tells what was asked for beside what the container has got. */
function askedFor({ staticIps, gatewayPriority }: NetworkAttachment): InspectDocument {
  const ipv4 = staticIps.find((ip) => !ip.includes(':'));
  const ipv6 = staticIps.find((ip) => ip.includes(':'));
  const addresses = {
    ...(ipv4 === undefined ? {} : { IPv4Address: ipv4 }),
    ...(ipv6 === undefined ? {} : { IPv6Address: ipv6 }),
  };
  return {
    ...(staticIps.length === 0 ? {} : { IPAMConfig: addresses }),
    ...(gatewayPriority === undefined ? {} : { GwPriority: gatewayPriority }),
  };
}

/** The same, from what inspect says already. */
export function endpointsIn(
  settings: InspectDocument,
  { id, name }: { id: string; name: string },
): InspectDocument {
  const networks = (settings['Networks'] ?? {}) as Record<string, InspectDocument>;
  return Object.fromEntries(
    Object.entries(networks).map(([network, endpoint]) => {
      const aliases = (endpoint['Aliases'] ?? []) as string[];
      return [
        dockerAttachment(network),
        {
          ...endpoint,
          // One for each pair of network and container; only whether there is one matters to clients.
          EndpointID: endpoint['IPAddress'] === '' ? '' : id,
          Aliases: aliases.length === 0 ? null : aliases,
          DNSNames: [...new Set([name, ...aliases])],
        },
      ];
    }),
  );
}

/** podman's mounts in docker's shape: mount options become the mode. */
export function dockerMounts(mounts: readonly InspectDocument[]): InspectDocument[] {
  return mounts.map((mount) => {
    const { Type, Name, Source, Destination, Driver, Mode, Options, RW, Propagation } = mount;
    const words = [...(Options as string[]), ...(Mode === '' ? [] : [Mode])];
    return {
      Type,
      ...(Name === undefined ? {} : { Name }),
      Source,
      Destination,
      ...(Driver === '' ? {} : { Driver }),
      Mode: words.join(','),
      RW,
      Propagation,
    };
  });
}

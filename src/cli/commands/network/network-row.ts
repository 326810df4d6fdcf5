import { dockerNetworkName } from '../../../engine/docker-network.ts';
import type { NetworkDefinition } from '../../../engine/networks.ts';
import { goTimeText } from '../../output/go-time.ts';
import { type GoObject, goMap, goStruct, withEmbedded } from '../../output/template/go-value.ts';

/** podman's fields: those of the definition, with labels as one text. */
export function rowOfPodman(network: NetworkDefinition, shownId: string): GoObject {
  return goStruct(
    'network.ListPrintReports',
    { ...fieldsOf(network), ID: shownId, Labels: labelText(network) },
    { json: network },
  );
}

/** docker's fields, all of them strings. */
export function rowOfDocker(network: NetworkDefinition, shownId: string): GoObject {
  const json = {
    CreatedAt: network.created === undefined ? '' : goTimeText(network.created, { fraction: true }),
    Driver: network.driver,
    ID: shownId,
    IPv4: String((network.subnets ?? []).some(({ subnet }) => !subnet.includes(':'))),
    IPv6: String(network.ipv6_enabled),
    Internal: String(network.internal),
    Labels: labelText(network),
    Name: dockerNetworkName(network),
    Scope: 'local',
  };
  const label = (name: unknown): string => network.labels?.[String(name)] ?? '';
  return goStruct('formatter.networkContext', { ...json, Label: label }, { json });
}

/** The document of `network inspect` as a template sees it: by podman's names of the fields, not by those in the file. */
export function networkTemplateData(document: GoObject): GoObject {
  const fields = fieldsOf(document as unknown as NetworkDefinition);
  const containers = Object.entries((document['containers'] ?? {}) as Record<string, GoObject>);
  const data = goStruct(
    'types.Network',
    {
      ...fields,
      Containers: goMap(Object.fromEntries(containers.map(([id, each]) => [id, connected(each)]))),
    },
    { json: document, aliases: { Id: 'ID' } },
  );
  return withEmbedded(data, 'Network');
}

/** How a container is connected, by podman's names of the fields. */
function connected(document: GoObject): GoObject {
  const interfaces = Object.entries((document['interfaces'] ?? {}) as Record<string, GoObject>);
  const data = interfaces.map(([name, { subnets, mac_address }]) => {
    const addresses = ((subnets ?? []) as GoObject[]).map((address) =>
      goStruct(
        'types.NetAddress',
        { IPNet: address['ipnet'], Gateway: address['gateway'] ?? '' },
        { json: address },
      ),
    );
    const fields = { Subnets: addresses, MacAddress: mac_address ?? '' };
    return [name, goStruct('types.NetInterface', fields)] as const;
  });
  return goStruct(
    'entities.NetworkContainerInfo',
    { Name: document['name'], Interfaces: goMap(Object.fromEntries(data)) },
    { json: document },
  );
}

function fieldsOf(network: NetworkDefinition): GoObject {
  return {
    Name: network.name,
    ID: network.id,
    Driver: network.driver,
    NetworkInterface: network.network_interface ?? '',
    Created: network.created === undefined ? '' : goTimeText(network.created, { fraction: true }),
    Subnets: (network.subnets ?? []).map((subnet) =>
      goStruct(
        'types.Subnet',
        {
          Subnet: subnet.subnet,
          Gateway: subnet.gateway ?? '',
          LeaseRange:
            subnet.lease_range === undefined
              ? null
              : goStruct('types.LeaseRange', {
                  StartIP: subnet.lease_range.start_ip ?? '',
                  EndIP: subnet.lease_range.end_ip ?? '',
                }),
        },
        { json: subnet },
      ),
    ),
    Routes: (network.routes ?? []).map((route) =>
      goStruct(
        'types.Route',
        { Destination: route.destination, Gateway: route.gateway, Metric: route.metric ?? null },
        { json: route },
      ),
    ),
    IPv6Enabled: network.ipv6_enabled,
    Internal: network.internal,
    DNSEnabled: network.dns_enabled,
    NetworkDNSServers: network.network_dns_servers ?? [],
    Labels: goMap(network.labels),
    Options: goMap(network.options),
    IPAMOptions: goMap(network.ipam_options),
  };
}

function labelText({ labels = {} }: NetworkDefinition): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

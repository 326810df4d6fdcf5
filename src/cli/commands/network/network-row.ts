import { dockerNetworkName } from '../../../engine/docker-network.ts';
import type { NetworkDefinition } from '../../../engine/networks.ts';
import { goTimeText } from '../../output/go-time.ts';
import { type GoObject, goMap, goStruct } from '../../output/template/go-value.ts';

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
  return goStruct('types.Network', fieldsOf(document as unknown as NetworkDefinition), {
    json: document,
    aliases: { Id: 'ID' },
  });
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

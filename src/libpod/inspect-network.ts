import type { NetworkStatus } from '../network/backend.ts';
import { networkPlaces } from '../network/context.ts';
import { getNetwork } from '../network/network-store.ts';
import type { ContainerSpec, PortMapping } from '../specgen/container-spec.ts';
import { type ContainerRecord, findContainer } from './container.ts';
import type { Libpod } from './context.ts';
import type { InspectDocument } from './inspected.ts';
import { networkContext } from './network-context.ts';
import { observe } from './observe.ts';

type Attached = NetworkStatus['networks'][string];

/** Addresses of a running container; what it will join when it does not run. */
export function inspectNetwork(libpod: Libpod, record: ContainerRecord): InspectDocument {
  const { mode } = record.spec.network;
  if (mode.mode === 'container') {
    const donor = findContainer(libpod.db, mode.id);
    if (donor !== undefined) return inspectNetwork(libpod, observe(libpod, donor));
  }
  const attached = record.facts.network?.networks ?? {};
  const names = mode.mode === 'bridge' ? mode.networks.map(({ name }) => name) : [];
  const networks =
    mode.mode === 'bridge' && names.length > 0
      ? mode.networks.map(({ name, aliases }) => [
          name,
          {
            ...additionalNetwork(networkId(libpod, name), attached[name], [...aliases, ...shortId(record)]),
            Links: linksOn(libpod, record, name),
          },
        ])
      : [
          [
            networkMode(record.spec),
            additionalNetwork(networkId(libpod, networkMode(record.spec)), undefined),
          ],
        ];
  // With several networks there is no such thing as the container's address.
  const only = Object.values(attached).length === 1 ? Object.values(attached)[0] : undefined;
  const isPlain = names.length === 0 || (names.length === 1 && names[0] === defaultNetwork(libpod));
  return {
    ...basicConfig(isPlain ? only : undefined),
    Bridge: '',
    SandboxID: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: portBindings(record.spec.network.ports),
    SandboxKey: sandboxKey(record),
    ...(mode.mode === 'ns' ? {} : { Networks: Object.fromEntries(networks) as InspectDocument }),
  };
}

/** The mode in podman's words; a bridge by any name is `bridge`. */
export function networkMode(spec: Pick<ContainerSpec, 'network'>): string {
  const { mode } = spec.network;
  if (mode.mode === 'container') return `container:${mode.id}`;
  if (mode.mode === 'ns') return `ns:${mode.path}`;
  return mode.mode;
}

/** `80/tcp` → where the host listens for it. */
export function portBindings(
  ports: readonly PortMapping[],
): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { hostIp, hostPort, containerPort, protocol, range } of ports) {
    for (let i = 0; i < range; i++) {
      const key = `${containerPort + i}/${protocol}`;
      const list = bindings[key] ?? [];
      list.push({ HostIp: hostIp === '' ? '0.0.0.0' : hostIp, HostPort: String(hostPort + i) });
      bindings[key] = list;
    }
  }
  return Object.fromEntries(Object.entries(bindings).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `TARGET:ALIAS`; docker tells those of its default network elsewhere, and so do we. */
function linksOn(libpod: Libpod, { spec: { network } }: ContainerRecord, name: string): string[] | null {
  const isFirst = network.mode.mode === 'bridge' && network.mode.networks[0]?.name === name;
  const own = (network.links ?? []).filter(
    (link) =>
      link.network === name ||
      (link.network === undefined && isFirst && name !== libpod.config.network.defaultNetwork),
  );
  return own.length === 0 ? null : own.map(({ target, alias }) => `${target}:${alias}`);
}

function shortId(record: ContainerRecord): string[] {
  return [record.id.slice(0, 12)];
}

function additionalNetwork(
  id: string,
  attached: Attached | undefined,
  aliases: readonly string[] = [],
): InspectDocument {
  return {
    ...basicConfig(attached),
    NetworkID: id,
    DriverOpts: null,
    IPAMConfig: null,
    Links: null,
    ...(aliases.length === 0 ? {} : { Aliases: [...new Set(aliases)] }),
  };
}

function basicConfig(attached: Attached | undefined): InspectDocument {
  const interfaces = [...(attached?.interfaces ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  const addresses = interfaces.flatMap((one) => one.addresses.map(splitAddress));
  const [first4, ...more4] = addresses.filter(({ address }) => !address.includes(':'));
  const [first6, ...more6] = addresses.filter(({ address }) => address.includes(':'));
  const [mac = '', ...moreMacs] = interfaces.map((one) => one.mac);
  return {
    EndpointID: '',
    Gateway: first4?.gateway ?? '',
    IPAddress: first4?.address ?? '',
    IPPrefixLen: first4?.prefix ?? 0,
    ...secondary('SecondaryIPAddresses', more4),
    IPv6Gateway: first6?.gateway ?? '',
    GlobalIPv6Address: first6?.address ?? '',
    GlobalIPv6PrefixLen: first6?.prefix ?? 0,
    ...secondary('SecondaryIPv6Addresses', more6),
    MacAddress: mac,
    ...(moreMacs.length === 0 ? {} : { AdditionalMACAddresses: moreMacs }),
  };
}

interface Address {
  address: string;
  prefix: number;
  gateway: string | undefined;
}

function splitAddress({ ipnet, gateway }: { ipnet: string; gateway?: string }): Address {
  const [address = '', prefix = '0'] = ipnet.split('/');
  return { address, prefix: Number(prefix), gateway };
}

function secondary(name: string, addresses: readonly Address[]): InspectDocument {
  if (addresses.length === 0) return {};
  return { [name]: addresses.map(({ address, prefix }) => ({ Addr: address, PrefixLength: prefix })) };
}

function defaultNetwork(libpod: Libpod): string {
  return libpod.config.network.defaultNetwork;
}

/** The name itself where there is no such network (any more). */
function networkId(libpod: Libpod, name: string): string {
  if (name === 'none' || name === 'host' || name.includes(':')) return name;
  try {
    return getNetwork(networkPlaces(networkContext(libpod, name)), name).id;
  } catch {
    return name;
  }
}

function sandboxKey(record: ContainerRecord): string {
  const lives = ['running', 'paused', 'stopping', 'initialized'].includes(record.state);
  if (!lives || record.spec.network.mode.mode === 'host') return '';
  return record.facts.netnsPath ?? (record.pid === undefined ? '' : `/proc/${record.pid}/ns/net`);
}

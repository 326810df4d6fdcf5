import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidSpecError, messageOf } from '../base/errors.ts';
import { rootlessUid } from '../base/paths.ts';
import type { NetworkStatus } from '../network/backend.ts';
import {
  composeHosts,
  formatHosts,
  type HostEntry,
  hostOwnAddress,
  readBaseHosts,
} from '../network/hosts-file.ts';
import { composeResolvConf, formatResolvConf, readHostResolvConf } from '../network/resolv-conf.ts';
import { completeUserFiles, readInside } from '../oci/user.ts';
import type { LinkSpec, MountSpec } from '../specgen/container-spec.ts';
import type { BundleFacts } from '../specgen/host-facts.ts';
import { DOMAIN_NAME } from '../specgen/validate.ts';
import { type ContainerRecord, getContainer, lookupContainer } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { hostnameOf } from './hostname.ts';
import { observe } from './observe.ts';
import type { Owner } from './user-owners.ts';

/** What an infra container runs. */
export const PAUSE_PATH = '/pause';

/**
 * Writes the files that every container gets from the engine (resolv.conf, hosts, hostname, .containerenv, init) into the bundle
 * and returns how they are mounted. What the user mounts at the same place wins.
 */
export function writeManagedFiles(
  libpod: Libpod,
  record: ContainerRecord,
  place: Pick<BundleFacts, 'rootfs' | 'user'> & { root: Owner },
): BundleFacts['managedFiles'] {
  const { spec } = record;
  const { bundle } = containerPaths(libpod.paths, record.id).bundle;
  const taken = new Set(spec.mounts.map((mount: MountSpec) => mount.destination));
  const files: BundleFacts['managedFiles'] = [];
  const add = (name: string, destination: string, content: string): void => {
    if (taken.has(destination)) return;
    writeFileSync(join(bundle, name), content, { mode: 0o644 });
    if (place.root.uid !== 0 || place.root.gid !== 0)
      chownSync(join(bundle, name), place.root.uid, place.root.gid);
    files.push({ source: join(bundle, name), destination, options: ['bind', 'rprivate'] });
  };
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  const donor = networkDonor(libpod, record);
  if (donor !== undefined) {
    const { manageResolvConf, manageHosts } = spec.network;
    for (const [name, destination, managed] of [
      ['resolv.conf', '/etc/resolv.conf', manageResolvConf],
      ['hosts', '/etc/hosts', manageHosts],
    ] as const) {
      // The other container may do without: --no-hosts, --dns none.
      if (managed && !taken.has(destination) && existsSync(join(donor, name)))
        files.push({ source: join(donor, name), destination, options: ['bind', 'rprivate'] });
    }
  } else {
    if (spec.network.manageResolvConf)
      add('resolv.conf', '/etc/resolv.conf', resolvConfFor(record, undefined));
    if (hostsChoice(libpod, record) === 'image') keepImageHosts(libpod, place.rootfs, bundle);
    if (spec.network.manageHosts) add('hosts', '/etc/hosts', hostsFor(libpod, record, undefined));
  }
  if (spec.network.manageHostname) add('hostname', '/etc/hostname', `${hostnameOf(libpod, record)}\n`);
  if (!taken.has('/run') && !taken.has('/run/.containerenv'))
    add('.containerenv', '/run/.containerenv', containerenv(record));
  const { passwd: mayAdd, workdir, passwdEntry, groupEntry } = spec.process;
  const hostUsers = (spec.process.hostUsers ?? []).map((user) => ({ ...user, home: homeOf(user, record) }));
  if (mayAdd && (place.user.uid !== 0 || hostUsers.length > 0) && !taken.has('/etc')) {
    const request = { rootfs: place.rootfs, syscalls: libpod.syscalls };
    const added = { workdir, passwdEntry, groupEntry, hostUsers };
    const { passwd, group } = completeUserFiles(request, place.user, added);
    if (passwd !== undefined) add('passwd', '/etc/passwd', passwd);
    if (group !== undefined) add('group', '/etc/group', group);
  }
  if (spec.podRole === 'infra' && spec.imageId === undefined)
    files.push({ source: libpod.pauseProgram, destination: PAUSE_PATH, options: ['bind', 'ro', 'rprivate'] });
  if (spec.init !== undefined) {
    files.push({
      source: spec.init.path,
      destination: '/run/podman-init',
      options: ['bind', 'ro', 'rprivate'],
    });
  }
  return files;
}

/** A home that is not mounted in the container is no use there: the working directory stands in. */
function homeOf({ home }: { home: string }, { spec }: ContainerRecord): string {
  const isMounted = spec.mounts.some(
    ({ destination }) => home === destination || home.startsWith(`${destination.replace(/\/$/, '')}/`),
  );
  return isMounted ? home : spec.process.workdir;
}

/** Once the network is up: its addresses go into the hosts file that is mounted already. */
export function finishNetworkFiles(libpod: Libpod, record: ContainerRecord, status: NetworkStatus): void {
  const { bundle } = containerPaths(libpod.paths, record.id).bundle;
  const { spec } = record;
  // Written in place: the inode is bind-mounted.
  if (spec.network.manageHosts) writeFileSync(join(bundle, 'hosts'), hostsFor(libpod, record, status));
  if (spec.network.manageResolvConf)
    writeFileSync(join(bundle, 'resolv.conf'), resolvConfFor(record, status));
}

function hostsFor(libpod: Libpod, record: ContainerRecord, status: NetworkStatus | undefined): string {
  const { network } = record.spec;
  const addresses = Object.values(status?.networks ?? {}).flatMap((each) =>
    each.interfaces.flatMap((one) => one.addresses.map((address) => address.ipnet.replace(/\/\d+$/, ''))),
  );
  return formatHosts(
    composeHosts({
      base: baseHosts(libpod, record),
      addHosts: network.addHosts,
      links: linkedHosts(libpod, record),
      addresses,
      names: [...ownNames(libpod, record), record.name],
      hostAddress: hostAddress(libpod, status, addresses),
      shareHost: network.mode.mode === 'host',
    }),
  );
}

/** How the container reaches the host; `none` in containers.conf: it has no name for it. */
function hostAddress(
  { config }: Libpod,
  status: NetworkStatus | undefined,
  addresses: readonly string[],
): string | undefined {
  const configured = config.containers.hostContainersInternalIp;
  if (configured === 'none') return undefined;
  return configured || (status?.hostAddress ?? hostOwnAddress(addresses));
}

/** On the default network the other's own names are told too; elsewhere a resolver knows them. */
function linkedHosts(libpod: Libpod, { spec }: ContainerRecord): HostEntry[] {
  const { mode, links = [] } = spec.network;
  const networks = mode.mode === 'bridge' ? mode.networks.map(({ name }) => name) : [];
  return links.flatMap((link) => {
    const [target, address] = [
      getContainer(libpod.db, link.containerId),
      linkedAddress(libpod, networks, link),
    ];
    if (target === undefined || address === undefined) return [];
    const isDefault = link.network === undefined && networks[0] === libpod.config.network.defaultNetwork;
    const names = isDefault ? [link.alias, hostnameOf(libpod, target), target.name] : [link.alias];
    return [{ address, names: [...new Set(names)] }];
  });
}

/** Where the other is, on the first of these networks that it is on as well; undefined when it does not run. */
export function linkedAddress(
  libpod: Libpod,
  networks: readonly string[],
  { containerId, network }: LinkSpec,
): string | undefined {
  const stored = getContainer(libpod.db, containerId);
  if (stored === undefined) return undefined;
  const { state, facts } = observe(libpod, stored);
  if (state !== 'running' && state !== 'paused') return undefined;
  const common = networks.find(
    (name) => (network === undefined || name === network) && facts.network?.networks[name] !== undefined,
  );
  const attached = common === undefined ? undefined : facts.network?.networks[common];
  return attached?.interfaces[0]?.addresses[0]?.ipnet.replace(/\/\d+$/, '');
}

/** With a domain the full name comes first. */
function ownNames(libpod: Libpod, record: ContainerRecord): string[] {
  const name = hostnameOf(libpod, record);
  const domain = record.spec.sysctl[DOMAIN_NAME];
  return domain === undefined ? [name] : [`${name}.${domain}`, name];
}

function hostsChoice(libpod: Libpod, { spec }: ContainerRecord): string {
  return spec.network.hostsFile ?? libpod.config.containers.baseHostsFile;
}

const IMAGE_HOSTS = 'hosts.image';

/** The image's own file, which ours hides once the container runs. */
function keepImageHosts(libpod: Libpod, rootfs: string, bundle: string): void {
  const content = readInside({ rootfs, syscalls: libpod.syscalls }, '/etc/hosts');
  writeFileSync(join(bundle, IMAGE_HOSTS), content);
}

function baseHosts(libpod: Libpod, record: ContainerRecord): HostEntry[] {
  const choice = hostsChoice(libpod, record);
  const { bundle } = containerPaths(libpod.paths, record.id).bundle;
  try {
    return readBaseHosts(choice, join(bundle, IMAGE_HOSTS));
  } catch (error) {
    throw new InvalidSpecError(
      `cannot read ${choice}, which /etc/hosts is to begin with: ${messageOf(error)}`,
      {
        cause: error,
        hint:
          record.spec.network.hostsFile === undefined
            ? `see containers.base_hosts_file in ${libpod.config.origin['containers.base_hosts_file'] ?? 'containers.conf'}`
            : 'see --hosts-file',
      },
    );
  }
}

function resolvConfFor(record: ContainerRecord, status: NetworkStatus | undefined): string {
  const { network } = record.spec;
  const { mode } = network;
  const hostNetwork = mode.mode === 'host';
  const networks = Object.values(status?.networks ?? {});
  return formatResolvConf(
    composeResolvConf({
      host: readHostResolvConf({ hostNetwork, netnsPath: mode.mode === 'ns' ? mode.path : undefined }),
      dnsServers: network.dnsServers,
      dnsSearch: network.dnsSearch,
      dnsOptions: network.dnsOptions,
      networkServers: networks.flatMap((each) => each.dnsServers),
      networkSearch: networks.flatMap((each) => each.dnsSearch),
      keepHostServers: mode.mode === 'pasta' || mode.mode === 'slirp4netns',
      hostNetwork,
      ipv6: true,
    }),
  );
}

/** Bundle of the container whose network (and thus hosts file) is shared. */
function networkDonor(libpod: Libpod, record: ContainerRecord): string | undefined {
  const { mode } = record.spec.network;
  if (mode.mode !== 'container') return undefined;
  return containerPaths(libpod.paths, lookupContainer(libpod.db, mode.id).id).bundle.bundle;
}

function containerenv(record: ContainerRecord): string {
  if (!record.spec.security.privileged) return '';
  const rootless = rootlessUid() === undefined ? 0 : 1;
  return `engine="tspod"\nname="${record.name}"\nid="${record.id}"\nimage="${record.imageName}"\nimageid="${record.imageId ?? ''}"\nrootless=${rootless}\n`;
}

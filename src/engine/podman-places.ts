import { InvalidSpecError } from '../base/errors.ts';
import type { PodmanConfig, PodmanIdMap, PodmanPort } from '../image/podman-config.ts';
import type { PartlyOptions, PodmanAround } from './podman-around.ts';

/** Mounts, secrets, networks and namespaces of podman's document. */
export function podmanPlaces(config: PodmanConfig, around: PodmanAround): PartlyOptions {
  return {
    ...mountOptions(config),
    secret: secretsOf(config),
    ...(config.pod && config.netNsCtr ? {} : networkOptions(config, around)),
    ...namespaceOptions(config, around),
    ...userOptions(config, around),
  };
}

/** Of which every container has one, or gets one with the namespaces that it has. */
const SYSTEM_PLACES = new Set([
  ...['/proc', '/dev', '/dev/pts', '/dev/mqueue', '/dev/shm', '/sys', '/sys/fs/cgroup'],
  ...['/run/podman-init', '/dev/init', '/proc/sys/fs/binfmt_misc'],
]);

const READ_ONLY_PLACES = ['/run', '/tmp', '/var/tmp'];
const READ_ONLY_WORDS = 'nodev,nosuid,rprivate,rw,tmpcopyup';

function mountOptions(config: PodmanConfig): PartlyOptions {
  const all = (config.spec?.mounts ?? []).filter(({ destination }) => !SYSTEM_PLACES.has(destination));
  const isReadOnly = config.spec?.root?.readonly === true;
  const isUsual = (place: string): boolean =>
    all.some(
      ({ destination, type, options }) =>
        destination === place && type === 'tmpfs' && [...(options ?? [])].sort().join() === READ_ONLY_WORDS,
    );
  const hasTmpfs = isReadOnly && READ_ONLY_PLACES.every(isUsual);
  const mounts = all.filter(({ destination }) => !(hasTmpfs && READ_ONLY_PLACES.includes(destination)));
  const foreign = mounts.find(({ type = 'bind' }) => type !== 'bind' && type !== 'tmpfs');
  if (foreign !== undefined)
    throw new InvalidSpecError(`its mount at ${foreign.destination} is of type ${foreign.type}`);
  const [volumes, sub] = [
    config.namedVolumes ?? [],
    (path: string | undefined) => (path ? [`subpath=${path}`] : []),
  ];
  return {
    readOnly: isReadOnly ? true : undefined,
    readOnlyTmpfs: isReadOnly ? hasTmpfs : undefined,
    // Those of the image are among the volumes.
    imageVolume: 'ignore',
    tmpfs: mounts
      .filter(({ type }) => type === 'tmpfs')
      .map(({ destination, options }) => colons(destination, undefined, tmpfsWords(options ?? []))),
    volume: [
      ...mounts
        .filter(({ type = 'bind' }) => type === 'bind')
        .map(({ source = '', destination, options }) => colons(source, destination, options ?? [])),
      ...volumes
        .filter(({ subPath }) => !subPath)
        .map(({ volumeName = '', dest = '', options }) => colons(volumeName, dest, options ?? [])),
      ...(config.overlayVolumes ?? []).map(({ source = '', dest = '', options }) =>
        colons(source, dest, options?.includes('O') === true ? options : ['O', ...(options ?? [])]),
      ),
    ],
    mount: [
      ...volumes
        .filter(({ subPath }) => subPath)
        .map(({ volumeName = '', dest = '', options, subPath }) =>
          commas('volume', volumeName, dest, [...(options ?? []), ...sub(subPath)]),
        ),
      ...(config.ctrImageVolumes ?? []).map(({ source = '', dest = '', rw, subPath }) =>
        commas('image', source, dest, [...(rw === true ? ['rw=true'] : []), ...sub(subPath)]),
      ),
    ],
  };
}

function tmpfsWords(options: readonly string[]): string[] {
  return options.includes('tmpcopyup') || options.includes('notmpcopyup')
    ? [...options]
    : [...options, 'notmpcopyup'];
}

/** As -v and --tmpfs take it. */
function colons(first: string, second: string | undefined, options: readonly string[]): string {
  const places = second === undefined ? [first] : [first, second];
  const odd = places.find((place) => place.includes(':'));
  if (odd !== undefined) throw new InvalidSpecError(`its mount of ${odd} has a colon in its path`);
  return [...places, ...(options.length === 0 ? [] : [options.join(',')])].join(':');
}

function commas(type: string, source: string, destination: string, words: readonly string[]): string {
  return [`type=${type}`, `source=${source}`, `destination=${destination}`, ...words]
    .map((word) => (/[",\n]/.test(word) ? `"${word.replaceAll('"', '""')}"` : word))
    .join(',');
}

function secretsOf(config: PodmanConfig): string[] {
  const files = (config.secrets ?? []).map(({ name = '', UID, GID, Mode, Target }) => [
    name,
    ...(Target ? [`target=${Target}`] : []),
    `uid=${UID ?? 0}`,
    `gid=${GID ?? 0}`,
    ...(Mode === undefined ? [] : [`mode=${Mode.toString(8).padStart(4, '0')}`]),
  ]);
  const variables = Object.entries(config.secret_env ?? {}).map(([variable, secret]) => [
    secret?.name ?? '',
    'type=env',
    `target=${variable}`,
  ]);
  return [...files, ...variables].map((words) => words.join(','));
}

function networkOptions(config: PodmanConfig, { nameOf, networks }: PodmanAround): PartlyOptions {
  const isPublished = new Set((config.newPortMappings ?? []).map(({ container_port: port }) => port));
  return {
    network: networkOf(config, { nameOf, networks }),
    publish: (config.newPortMappings ?? []).map(portOf),
    expose: Object.entries(config.exposedPorts ?? {}).flatMap(([port, protocols]) =>
      isPublished.has(Number(port)) ? [] : (protocols ?? ['tcp']).map((protocol) => `${port}/${protocol}`),
    ),
    dns: config.UseImageResolvConf === true ? ['none'] : (config.dnsServer ?? []),
    dnsSearch: config.dnsSearch ?? [],
    dnsOption: config.dnsOption ?? [],
    addHost: config.hostsAdd ?? [],
    noHosts: config.UseImageHosts === true ? true : undefined,
    hostsFile: config.BaseHostsFile,
  };
}

export function networkOf(
  config: PodmanConfig,
  { nameOf, networks }: Pick<PodmanAround, 'nameOf' | 'networks'>,
): string[] {
  if (config.netNsCtr) return [`container:${nameOf(config.netNsCtr)}`];
  if (config.createNetNS !== true) {
    const namespace = config.spec?.linux?.namespaces?.find(({ type }) => type === 'network');
    if (namespace === undefined) return ['host'];
    return [namespace.path ? `ns:${namespace.path}` : 'none'];
  }
  const mode = config.networkMode || 'bridge';
  const [kind = ''] = mode.split(':');
  if (kind === 'pasta' || kind === 'slirp4netns') {
    const words = config.network_options?.[kind] ?? [];
    // A user's default; ours need not be the same program.
    return words.length === 0 ? [] : [`${kind}:${words.join(',')}`];
  }
  const names = Object.keys(networks);
  if (names.length === 0) return ['bridge'];
  return names.map((name, i) => {
    const { static_ips: ips, aliases, static_mac: mac, interface_name: device } = networks[name] ?? {};
    const words = [
      ...(ips ?? []).map((ip) => `ip=${ip}`),
      ...(aliases ?? []).filter((alias) => !config.id?.startsWith(alias)).map((alias) => `alias=${alias}`),
      ...(mac ? [`mac=${mac}`] : []),
      ...(device && device !== `eth${i}` ? [`interface_name=${device}`] : []),
    ];
    return words.length === 0 ? name : `${name}:${words.join(',')}`;
  });
}

export function portOf({ host_ip: ip, container_port, host_port, range, protocol }: PodmanPort): string {
  const span = (first = 0): string =>
    range !== undefined && range > 1 ? `${first}-${first + range - 1}` : String(first);
  const address = ip ? `${ip.includes(':') ? `[${ip}]` : ip}:` : '';
  const outside = host_port ? span(host_port) : '';
  const inside = `${span(container_port)}/${protocol || 'tcp'}`;
  return address === '' && outside === '' ? inside : `${address}${outside}:${inside}`;
}

function namespaceOptions(config: PodmanConfig, { nameOf }: PodmanAround): PartlyOptions {
  const namespaces = config.spec?.linux?.namespaces ?? [];
  // The pod's infra container has them for all.
  const mode = (type: string, holder: string | undefined): string | undefined => {
    if (holder) return config.pod ? undefined : `container:${nameOf(holder)}`;
    const own = namespaces.find((one) => one.type === type);
    if (own === undefined) return 'host';
    return own.path ? `ns:${own.path}` : undefined;
  };
  const hostname = config.spec?.hostname ?? '';
  const uts = mode('uts', config.utsNsCtr);
  const ipc = mode('ipc', config.ipcNsCtr);
  const cgroup = mode('cgroup', config.cgroupNsCtr);
  return {
    pid: mode('pid', config.pidNsCtr),
    ipc:
      ipc ??
      (config.ipcNsCtr
        ? undefined
        : config.NOShm === true
          ? 'none'
          : config.NOShmShare === true
            ? 'private'
            : undefined),
    uts,
    cgroupns: cgroup ?? (config.cgroupNsCtr ? undefined : 'private'),
    hostname: uts !== undefined || hostname === '' || config.id?.startsWith(hostname) ? undefined : hostname,
    domainname: config.spec?.domainname || undefined,
    shmSize: !config.shmSize || USUAL_SHM.has(config.shmSize) ? undefined : `${config.shmSize}b`,
  };
}

/** 65536k, by a thousand and by 1024. */
const USUAL_SHM = new Set([65_536_000, 67_108_864]);

function userOptions(config: PodmanConfig, { nameOf }: PodmanAround): PartlyOptions {
  if (config.pod && config.userNsCtr) return {};
  if (config.userNsCtr) return { userns: `container:${nameOf(config.userNsCtr)}` };
  const said = config.spec?.annotations?.['io.podman.annotations.userns'];
  if (said) return { userns: said };
  const { UIDMap, GIDMap, AutoUserNs, AutoUserNsOpts } = config.idMappingsOptions ?? {};
  if (AutoUserNs === true)
    return { userns: AutoUserNsOpts?.Size ? `auto:size=${AutoUserNsOpts.Size}` : 'auto' };
  if (config.addCurrentUserPasswdEntry === true) return { userns: 'keep-id' };
  const texts = (maps: readonly PodmanIdMap[] | null | undefined): string[] =>
    (maps ?? []).map(({ container_id, host_id, size }) => `${container_id}:${host_id}:${size}`);
  return { uidmap: texts(UIDMap), gidmap: texts(GIDMap) };
}

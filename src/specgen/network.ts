import { blamingConf } from '../base/containers-conf-blame.ts';
import { InvalidSpecError, UnsupportedError } from '../base/errors.ts';
import { ipFamily, isIpv4, isIpv6 } from '../base/ip-family.ts';
import type { NetworkAttachment, NetworkMode, NetworkSpec } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';
import { splitOnce } from './key-value.ts';
import { parsePublished, publishExposed } from './ports.ts';
import type { SpecContext } from './spec-context.ts';

export function networkFromOptions(
  options: CreateOptions,
  exposedPorts: readonly string[],
  context: SpecContext,
): NetworkSpec {
  const mode = networkMode(options, context);
  const defaults = context.config.containers;
  const publishes = mode.mode !== 'none' && mode.mode !== 'host' && mode.mode !== 'container';
  if (!publishes && (options.publish?.length || options.publishAll))
    context.warn(
      'Port mappings have been discarded as one of the Host, Container, Pod, and None network modes are in use',
    );
  // Parsed in any case: nonsense is refused even where it would have no effect.
  const none = { drawPort: () => 1 };
  const hostIps = context.config.network.defaultHostIps;
  const published = parsePublished(options.publish ?? [], publishes ? context : none, hostIps);
  const publishAll = options.publishAll === true && publishes;
  if (options.noHosts && options.addHost?.length)
    throw new InvalidSpecError('--no-hosts and --add-host cannot be set together');
  if (options.noHosts && options.hostsFile)
    throw new InvalidSpecError('--no-hosts and --hosts-file cannot be set together');
  if (
    mode.mode === 'container' &&
    [options.dns, options.dnsSearch, options.dnsOption].some((each) => each?.length)
  )
    throw new InvalidSpecError(
      'conflicting options: dns and the network mode: container: resolv.conf is that of the other container',
    );
  const servers = nonEmpty(options.dns, defaults.dnsServers).map(dnsServer);
  const imageResolvConf = servers.includes('none');
  if (imageResolvConf && servers.length > 1)
    throw new InvalidSpecError('none is not allowed to be specified with other DNS ip addresses: --dns');
  const drawing = { drawPort: context.drawPort, hostIps };
  return {
    mode,
    ports: !publishes ? [] : publishAll ? publishExposed(published, exposedPorts, drawing) : published,
    publishAll,
    dnsServers: imageResolvConf ? [] : servers,
    dnsSearch: nonEmpty(options.dnsSearch, defaults.dnsSearches).map((text) => oneWord(text, '--dns-search')),
    dnsOptions: nonEmpty(options.dnsOption, defaults.dnsOptions).map((text) => oneWord(text, '--dns-option')),
    addHosts: (options.addHost ?? []).flatMap(parseAddHost),
    manageHosts: !(options.noHosts ?? defaults.noHosts),
    ...(options.hostsFile ? { hostsFile: hostsFile(options.hostsFile) } : {}),
    manageHostname: !options.noHostname,
    manageResolvConf: !imageResolvConf,
  };
}

function hostsFile(text: string): string {
  if (text === 'none' || text === 'image' || text.startsWith('/')) return text;
  throw new InvalidSpecError(
    `invalid --hosts-file ${JSON.stringify(text)}: must be none, image, or the absolute path of a file`,
  );
}

function nonEmpty(given: string[] | undefined, fallback: string[]): string[] {
  return given !== undefined && given.length > 0 ? given : fallback;
}

function dnsServer(text: string): string {
  if (text !== 'none' && ipFamily(text) === 0)
    throw new InvalidSpecError(`invalid --dns "${text}": not an IP address`);
  return text;
}

/** A line of a file like resolv.conf or hosts is words: nobody may smuggle in more of them, or more lines. */
function oneWord(text: string, flag: string): string {
  if (/[\s\p{Cc}#]/u.test(text))
    throw new InvalidSpecError(`invalid ${flag} ${JSON.stringify(text)}: must be one word`);
  return text;
}

/** `host:ip`, `host=ip`, several hosts separated by `;` → one `host:ip` each. */
function parseAddHost(text: string): string[] {
  const at = text.indexOf('=') >= 0 ? text.indexOf('=') : text.indexOf(':');
  const names = text.slice(0, at).split(';');
  const address = text.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  if (at <= 0 || names.includes(''))
    throw new InvalidSpecError(`invalid --add-host ${JSON.stringify(text)}: must be host:ip`);
  for (const name of names) oneWord(name, '--add-host');
  if (address !== 'host-gateway' && ipFamily(address) === 0)
    throw new InvalidSpecError(
      `invalid --add-host ${JSON.stringify(text)}: ${JSON.stringify(address)} is not an IP address`,
    );
  return names.map((name) => `${name}:${address}`);
}

function networkMode(options: CreateOptions, context: SpecContext): NetworkMode {
  const asked = options.network?.filter((text) => text !== '') ?? [];
  const texts = asked.length > 0 ? asked : [defaultMode(context)];
  const modes =
    asked.length > 0
      ? texts.map((text) => parseMode(text, context))
      : blamingConf(context.config, 'containers.netns', () => texts.map((text) => parseMode(text, context)));
  const [first] = modes;
  if (first === undefined) return { mode: 'none' };
  if (first.mode !== 'bridge') {
    if (modes.length > 1)
      throw new InvalidSpecError(
        `cannot set multiple networks without bridge network mode, selected mode ${first.mode}`,
      );
    if (options.ip !== undefined || options.ip6 !== undefined || options.macAddress !== undefined)
      throw new InvalidSpecError(
        `--ip, --ip6 and --mac-address need a bridge network, selected mode is ${first.mode}`,
      );
    if (options.networkAlias?.length)
      throw new InvalidSpecError(
        `networks and static ip/mac address can only be used with Bridge mode networking: --network-alias with mode ${first.mode}`,
      );
    return first;
  }
  const networks = modes.flatMap((mode) => {
    if (mode.mode === 'bridge') return mode.networks;
    throw new InvalidSpecError(
      `cannot set multiple networks without bridge network mode, selected mode ${mode.mode}`,
    );
  });
  const names = networks.map((network) => network.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InvalidSpecError(`network "${twice}" is given more than once`);
  return { mode: 'bridge', networks: withCommonFlags(networks, options) };
}

function defaultMode(context: SpecContext): string {
  const configured = context.config.containers.netns;
  if (configured !== '' && configured !== 'private') return configured;
  return context.rootless ? context.config.network.defaultRootlessNetworkCmd : 'bridge';
}

function parseMode(given: string, context: SpecContext): NetworkMode {
  const text = /(^|,)name=/.test(given) ? fromDockerWords(given) : given;
  const [word, rest] = splitOnce(text, ':');
  switch (word) {
    case 'none':
    case 'host':
      if (rest !== undefined)
        throw new InvalidSpecError(`network mode ${word} takes no options, got "${rest}"`);
      return { mode: word };
    case 'private':
      return parseMode(defaultMode(context) === 'private' ? 'bridge' : defaultMode(context), context);
    case 'container':
      if (!rest) throw new InvalidSpecError('--network container: needs a container name or id');
      return { mode: 'container', id: context.lookupContainer(rest).id };
    case 'ns':
      if (!rest?.startsWith('/')) throw new InvalidSpecError('--network ns: needs an absolute path');
      return { mode: 'ns', path: rest };
    case 'pasta':
    case 'slirp4netns':
      return { mode: word, options: rest ? rest.split(',') : [] };
  }
  const isDefault = word === 'bridge' || word === 'default';
  const name = isDefault ? defaultNetwork(context) : context.lookupNetwork(word);
  return { mode: 'bridge', networks: [parseAttachment(name, rest ?? '')] };
}

function defaultNetwork({ config, lookupNetwork }: SpecContext): string {
  return blamingConf(config, 'network.default_network', () => lookupNetwork(config.network.defaultNetwork));
}

/** docker's longer form, `name=NETWORK,alias=…,ip=…`, in podman's. */
function fromDockerWords(text: string): string {
  const words = text.split(',').map((word) => word.replace(/^mac-address=/, 'mac='));
  const names = words.filter((word) => word.startsWith('name='));
  if (names.length > 1) throw new InvalidSpecError(`network "${text}" has more than one name`);
  const others = words.filter((word) => !word.startsWith('name='));
  const name = names[0]?.slice('name='.length) ?? '';
  return others.length === 0 ? name : `${name}:${others.join(',')}`;
}

function parseAttachment(name: string, options: string): NetworkAttachment {
  const attachment: NetworkAttachment = {
    name,
    aliases: [],
    staticIps: [],
    staticMac: undefined,
    interfaceName: undefined,
  };
  for (const option of options.split(',').filter((text) => text !== '')) {
    const [key, value = ''] = splitOnce(option, '=');
    if (value === '') throw new InvalidSpecError(`network option "${option}" of ${name} needs a value`);
    if (key === 'ip' || key === 'ip6') attachment.staticIps.push(address(value, option));
    else if (key === 'mac') attachment.staticMac = macAddress(value);
    else if (key === 'alias') attachment.aliases.push(oneWord(value, 'alias'));
    else if (key === 'interface_name') attachment.interfaceName = interfaceName(value);
    else if (key === 'gw-priority') attachment.gatewayPriority = priority(value);
    else if (key === 'driver-opt') attachment.interfaceName = interfaceOption(value);
    else throw new InvalidSpecError(`unknown bridge network option: ${key}`);
  }
  return attachment;
}

/** One network of `network connect` and of the API. */
export function attachmentFrom(
  name: string,
  options: {
    aliases?: readonly string[];
    ip?: string | undefined;
    ip6?: string | undefined;
    mac?: string | undefined;
    interfaceName?: string | undefined;
    gatewayPriority?: number | undefined;
    driverOptions?: readonly string[];
  },
): NetworkAttachment {
  const { aliases = [], ip, ip6, mac, gatewayPriority, driverOptions = [] } = options;
  if (ip && !isIpv4(ip)) throw new InvalidSpecError(`"${ip}" is not an ip address`);
  if (ip6 && !isIpv6(ip6)) throw new InvalidSpecError(`"${ip6}" is not an IPv6 address`);
  return {
    name,
    aliases: aliases.map((alias) => oneWord(alias, 'alias')),
    staticIps: [ip, ip6].flatMap((text) => text || []),
    staticMac: mac ? macAddress(mac) : undefined,
    interfaceName: driverOptions
      .map(interfaceOption)
      .reduce((_, name) => name, options.interfaceName && interfaceName(options.interfaceName)),
    ...(gatewayPriority ? { gatewayPriority } : {}),
  };
}

/** Of docker's options of an endpoint the one that names its interface. */
function interfaceOption(text: string): string {
  const [key, value = ''] = splitOnce(text, '=');
  if (key !== 'com.docker.network.endpoint.ifname')
    throw new UnsupportedError(
      `unsupported driver option ${key} of a network: com.docker.network.endpoint.ifname is the only one`,
    );
  return interfaceName(value);
}

function priority(text: string): number {
  if (/^-?\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidSpecError(`invalid gw-priority "${text}" of a network: must be a number`);
}

/** --ip, --mac-address and --network-alias beside a network. */
function withCommonFlags(networks: NetworkAttachment[], options: CreateOptions): NetworkAttachment[] {
  const fixed = options.ip !== undefined || options.ip6 !== undefined || options.macAddress !== undefined;
  if (fixed && networks.length !== 1)
    throw new InvalidSpecError('--ip, --ip6 and --mac-address can only be set for a single network');
  if (options.ip !== undefined && !isIpv4(options.ip))
    throw new InvalidSpecError(`"${options.ip}" is not an ip address`);
  if (options.ip6 !== undefined && !isIpv6(options.ip6))
    throw new InvalidSpecError(`"${options.ip6}" is not an IPv6 address`);
  for (const alias of options.networkAlias ?? []) oneWord(alias, '--network-alias');
  const ips = [options.ip, options.ip6].filter((ip) => ip !== undefined);
  return networks.map((network) => ({
    ...network,
    aliases: [...network.aliases, ...(options.networkAlias ?? [])],
    staticIps: [...network.staticIps, ...ips],
    staticMac: options.macAddress === undefined ? network.staticMac : macAddress(options.macAddress),
  }));
}

function address(text: string, option: string): string {
  if (ipFamily(text) === 0) throw new InvalidSpecError(`network option "${option}": not an IP address`);
  return text;
}

function macAddress(text: string): string {
  if (!/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text))
    throw new InvalidSpecError(`invalid MAC address "${text}"`);
  return text.toLowerCase().replaceAll('-', ':');
}

/** The kernel's rule; programs make paths of these names. */
function interfaceName(text: string): string {
  if (/^[^\s/:\0]{1,15}$/.test(text) && text !== '.' && text !== '..') return text;
  throw new InvalidSpecError(
    `invalid interface name ${JSON.stringify(text)}: at most 15 characters without spaces, "/" and ":"`,
  );
}

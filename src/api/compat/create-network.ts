import { UnsupportedError, UsageError } from '../../base/errors.ts';
import type { CreateOptions } from '../../specgen/create-options.ts';
import { flagIn, numberIn, objectIn, objectsIn, textIn, textMapIn, textsIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';

type Partly = { [Key in keyof CreateOptions]?: CreateOptions[Key] | undefined };

export function networkOptions(body: JsonObject, host: JsonObject): Partly {
  return {
    network: networks(body, host),
    macAddress: textIn(body, 'MacAddress'),
    publish: publishedPorts(objectIn(host, 'PortBindings')),
    publishAll: flagIn(host, 'PublishAllPorts'),
    dns: textsIn(host, 'Dns'),
    dnsOption: textsIn(host, 'DnsOptions'),
    dnsSearch: textsIn(host, 'DnsSearch'),
    addHost: textsIn(host, 'ExtraHosts'),
    link: textsIn(host, 'Links'),
  };
}

/** The mode, and the networks of NetworkingConfig with addresses and aliases, in the words of --network. */
function networks(body: JsonObject, host: JsonObject): string[] | undefined {
  if (flagIn(body, 'NetworkDisabled') === true) return ['none'];
  const mode = textIn(host, 'NetworkMode');
  const isDefault = mode === undefined || mode === 'default';
  const endpoints = Object.entries(objectIn(objectIn(body, 'NetworkingConfig'), 'EndpointsConfig')).map(
    ([name, value]) => ({ name, options: endpointOptions((value ?? {}) as JsonObject) }),
  );
  const own = endpoints.find(({ name }) => name === (mode ?? 'default'));
  const others = endpoints.filter((endpoint) => endpoint !== own && endpoint.name !== 'default');
  // Networks that are named beside no mode at all are what the container joins.
  if (isDefault && others.length > 0) return others.map(attachmentText);
  if (isDefault && (own === undefined || own.options.length === 0)) return undefined;
  const first = { name: isDefault ? 'bridge' : mode, options: own?.options ?? [] };
  return [first, ...others].map(attachmentText);
}

function attachmentText({ name, options }: { name: string; options: string[] }): string {
  return options.length === 0 ? name : `${name}:${options.join(',')}`;
}

function endpointOptions(endpoint: JsonObject): string[] {
  const address = objectIn(endpoint, 'IPAMConfig');
  if (textsIn(address, 'LinkLocalIPs').length > 0)
    throw new UnsupportedError('IPAMConfig.LinkLocalIPs is not supported');
  const priority = numberIn(endpoint, 'GwPriority');
  const options = [
    ['ip', textIn(address, 'IPv4Address')],
    ['ip6', textIn(address, 'IPv6Address')],
    ['mac', textIn(endpoint, 'MacAddress')],
    ['gw-priority', priority ? String(priority) : undefined],
    ...textsIn(endpoint, 'Aliases').map((alias) => ['alias', alias]),
    ...Object.entries(textMapIn(endpoint, 'DriverOpts')).map((option) => ['driver-opt', option.join('=')]),
  ];
  return options.flatMap(([key, value]) => {
    if (value === undefined) return [];
    if ((key === 'driver-opt' ? /,/ : /[,=]/).test(value))
      throw new UsageError(`invalid ${key} ${JSON.stringify(value)} of a network`);
    return [`${key}=${value}`];
  });
}

/** What the container shall call others by, and on which network. */
export function networkLinks(body: JsonObject): { network: string; link: string }[] {
  const endpoints = objectIn(objectIn(body, 'NetworkingConfig'), 'EndpointsConfig');
  return Object.entries(endpoints).flatMap(([network, endpoint]) =>
    textsIn((endpoint ?? {}) as JsonObject, 'Links').map((link) => ({ network, link })),
  );
}

/** `{"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}` in the words of --publish. */
function publishedPorts(bindings: JsonObject): string[] {
  return Object.keys(bindings).flatMap((port) =>
    objectsIn(bindings, port).map((binding) => {
      const ip = textIn(binding, 'HostIp') ?? '';
      const hostPort = textIn(binding, 'HostPort') ?? '';
      const address = ip.includes(':') && !ip.startsWith('[') ? `[${ip}]` : ip;
      const free = hostPort === '0' ? '' : hostPort;
      if (address !== '') return `${address}:${free}:${port}`;
      return free === '' ? port : `${free}:${port}`;
    }),
  );
}

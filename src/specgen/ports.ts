import { InvalidSpecError } from '../base/errors.ts';
import { isIpv4, isIpv6 } from '../base/ip-family.ts';
import type { PortMapping } from './container-spec.ts';
import type { SpecContext } from './spec-context.ts';

type Protocol = PortMapping['protocol'];

type PortDrawing = Pick<SpecContext, 'drawPort' | 'drawPortFrom'>;

interface Range {
  first: number;
  length: number;
}

/** All `-p` values; random host ports are drawn here, so that the stored spec names them. */
export function parsePublished(
  flags: readonly string[],
  context: PortDrawing,
  defaultHostIps: readonly string[] = [],
): PortMapping[] {
  const mappings: PortMapping[] = [];
  for (const flag of flags) {
    const names = splitAddress(flag.split('/')[0] ?? '', flag).hostIp !== '';
    for (const hostIp of names || defaultHostIps.length === 0 ? [''] : defaultHostIps)
      for (const mapping of parsePublish(flag, context, hostIp)) addWithoutConflict(mappings, mapping);
  }
  return mappings;
}

/** `[[IP:][HOST-PORT]:]CONTAINER-PORT[/PROTOCOL]`, both ports may be ranges; brackets around IPv6. */
function parsePublish(flag: string, context: PortDrawing, defaultHostIp: string): PortMapping[] {
  const [ports = '', protocols, ...more] = flag.split('/');
  if (more.length > 0)
    throw new InvalidSpecError(`invalid port format "${flag}": more than one protocol separator`);
  const { hostIp: ownIp, host, container } = splitAddress(ports, flag);
  const hostIp = ownIp === '' ? defaultHostIp : ownIp;
  if (container === '')
    throw new InvalidSpecError('must provide a non-empty container port to publish', {
      docker: `no port specified: ${flag}<empty>`,
    });
  const inside = parseRange(container, 'container port');
  return (protocols ?? 'tcp').split(',').map((name) => {
    const protocol = parseProtocol(name, flag);
    const first = (): number => context.drawPort({ hostIp, protocol, length: inside.length });
    if (host === '' || host === '0')
      return { hostIp, hostPort: first(), containerPort: inside.first, protocol, range: inside.length };
    const outside = parseRange(host, 'host port');
    if (inside.length === 1 && outside.length > 1 && context.drawPortFrom !== undefined) {
      const hostPort = context.drawPortFrom({ hostIp, protocol, ...outside });
      return { hostIp, hostPort, containerPort: inside.first, protocol, range: 1 };
    }
    if (outside.length !== inside.length)
      throw new InvalidSpecError(
        `host and container port ranges have different lengths: ${outside.length} vs ${inside.length}`,
      );
    return { hostIp, hostPort: outside.first, containerPort: inside.first, protocol, range: inside.length };
  });
}

function splitAddress(ports: string, flag: string): { hostIp: string; host: string; container: string } {
  const bracketed = /^\[([^\]]*)\]:([^:]*):([^:]*)$/.exec(ports);
  if (bracketed !== null) {
    const [, address = '', host = '', container = ''] = bracketed;
    if (!isIpv6(address)) throw new InvalidSpecError(`cannot parse "${address}" as an IP address`);
    return { hostIp: address, host, container };
  }
  const parts = ports.split(':');
  if (parts.length > 3)
    throw new InvalidSpecError(`invalid port format "${flag}": an IPv6 address must be in brackets`);
  const container = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  const address = parts.pop() ?? '';
  // Docker's way to say "all addresses".
  const hostIp = address === '*' ? '' : address;
  if (hostIp !== '' && !isIpv4(hostIp))
    throw new InvalidSpecError(`cannot parse "${hostIp}" as an IP address`);
  return { hostIp, host, container };
}

function parseProtocol(text: string, flag: string): Protocol {
  const name = text.toLowerCase();
  if (name === 'tcp' || name === 'udp' || name === 'sctp') return name;
  throw new InvalidSpecError(`unrecognized protocol "${text}" in port mapping "${flag}"`);
}

function parseRange(text: string, what: string): Range {
  const [from = '', to, ...more] = text.split('-');
  if (more.length > 0) throw new InvalidSpecError(`parsing ${what}: invalid range "${text}"`);
  const first = parsePort(from, what);
  if (to === undefined) return { first, length: 1 };
  const last = parsePort(to, what);
  if (last < first)
    throw new InvalidSpecError(`parsing ${what}: the end of the range "${text}" is before its start`);
  return { first, length: last - first + 1 };
}

function parsePort(text: string, what: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidSpecError(`parsing ${what}: "${text}" is not a port number`);
  const port = Number(text);
  if (port < 1 || port > 65535)
    throw new InvalidSpecError(
      `parsing ${what}: port numbers must be between 1 and 65535 (inclusive), got ${text}`,
    );
  return port;
}

function addWithoutConflict(mappings: PortMapping[], mapping: PortMapping): void {
  for (const other of mappings) {
    const sameHost = other.hostIp === mapping.hostIp && other.protocol === mapping.protocol;
    if (!sameHost || !overlap(other, mapping)) continue;
    if (other.hostPort - other.containerPort === mapping.hostPort - mapping.containerPort) {
      if (other.hostPort === mapping.hostPort && other.range === mapping.range) return;
      continue;
    }
    throw new InvalidSpecError(
      `conflicting port mappings for host port ${mapping.hostPort} (protocol ${mapping.protocol})`,
    );
  }
  mappings.push(mapping);
}

function overlap(a: PortMapping, b: PortMapping): boolean {
  return a.hostPort < b.hostPort + b.range && b.hostPort < a.hostPort + a.range;
}

/** `80`, `53/udp`, `8000-8010/tcp` → `80/tcp` each. */
export function parseExposed(flags: readonly string[]): string[] {
  const exposed = new Set<string>();
  for (const flag of flags) {
    const [ports = '', name] = flag.split('/');
    const range = parseRange(ports, 'expose');
    const protocol = parseProtocol(name ?? 'tcp', flag);
    for (let i = 0; i < range.length; i++) exposed.add(`${range.first + i}/${protocol}`);
  }
  return [...exposed];
}

/** -P: a random host port for every exposed port that -p does not publish already. */
export function publishExposed(
  published: PortMapping[],
  exposed: readonly string[],
  { drawPort, hostIps }: Pick<SpecContext, 'drawPort'> & { hostIps: readonly string[] },
): PortMapping[] {
  const drawn = exposed.flatMap((text): PortMapping[] => {
    const [port = '', name = 'tcp'] = text.split('/');
    const containerPort = Number(port);
    const protocol = parseProtocol(name, text);
    const known = published.some(
      (mapping) =>
        mapping.protocol === protocol &&
        containerPort >= mapping.containerPort &&
        containerPort < mapping.containerPort + mapping.range,
    );
    if (known) return [];
    return (hostIps.length === 0 ? [''] : hostIps).map((hostIp) => {
      const hostPort = drawPort({ hostIp, protocol, length: 1 });
      return { hostIp, hostPort, containerPort, protocol, range: 1 };
    });
  });
  return [...published, ...drawn];
}

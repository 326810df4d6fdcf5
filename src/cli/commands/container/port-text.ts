import type { ContainerGlance } from '../../../engine/list-containers.ts';

type PortMapping = ContainerGlance['ports'][number];

interface Exposed {
  first: number;
  last: number;
  protocol: string;
}

/** `0.0.0.0:8080-8081->80-81/tcp, 443/tcp`: what is published, then what is only exposed; neighbours are one range. */
export function portText(ports: readonly PortMapping[], exposed: readonly string[]): string {
  const published = mergePorts(ports);
  const texts = published.map(({ hostIp, hostPort, containerPort, range, protocol }) => {
    const address = hostIp === '' ? '0.0.0.0' : hostIp.includes(':') ? `[${hostIp}]` : hostIp;
    return `${address}:${span(hostPort, range)}->${span(containerPort, range)}/${protocol}`;
  });
  const isPublished = (port: number, protocol: string): boolean =>
    published.some(
      (each) =>
        each.protocol === protocol && port >= each.containerPort && port < each.containerPort + each.range,
    );
  return [...texts, ...exposedRanges(exposed, isPublished)].join(', ');
}

/** Mappings that continue each other become one. */
export function mergePorts(ports: readonly PortMapping[]): PortMapping[] {
  const merged: PortMapping[] = [];
  for (const port of ports) {
    const before = merged.at(-1);
    if (
      before !== undefined &&
      before.hostIp === port.hostIp &&
      before.protocol === port.protocol &&
      before.hostPort + before.range === port.hostPort &&
      before.containerPort + before.range === port.containerPort
    ) {
      before.range += port.range;
    } else merged.push({ ...port });
  }
  return merged;
}

function exposedRanges(
  exposed: readonly string[],
  isPublished: (port: number, protocol: string) => boolean,
): string[] {
  const ranges: Exposed[] = [];
  const ports = exposed
    .map((text) => {
      const [port = '0', protocol = 'tcp'] = text.split('/');
      return { port: Number(port), protocol };
    })
    .filter(({ port, protocol }) => !isPublished(port, protocol))
    .sort((a, b) => a.protocol.localeCompare(b.protocol) || a.port - b.port);
  for (const { port, protocol } of ports) {
    const before = ranges.at(-1);
    if (before !== undefined && before.protocol === protocol && before.last === port - 1) before.last = port;
    else ranges.push({ first: port, last: port, protocol });
  }
  return ranges.map(({ first, last, protocol }) => `${span(first, last - first + 1)}/${protocol}`);
}

function span(first: number, range: number): string {
  return range > 1 ? `${first}-${first + range - 1}` : String(first);
}

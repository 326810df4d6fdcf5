import { ConflictError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { formatIp, overlaps, parseSubnet, type Subnet } from './ip-address.ts';

/** Where networks without a subnet of their own get one: podman's pools, so that the two agree. */
const POOLS: readonly { base: string; size: number }[] = [
  { base: '10.89.0.0/16', size: 24 },
  { base: '10.90.0.0/15', size: 24 },
  { base: '10.92.0.0/14', size: 24 },
  { base: '10.96.0.0/11', size: 24 },
  { base: '10.128.0.0/9', size: 24 },
];

/** The first subnet of the pools that overlaps none of `taken`. */
export function freeIpv4Subnet(taken: readonly Subnet[]): Subnet {
  for (const { base, size } of POOLS) {
    const pool = parseSubnet(base);
    if (pool === undefined) continue;
    const step = 1n << BigInt(32 - size);
    for (let first = pool.first; first <= pool.last; ) {
      const candidate: Subnet = { family: 4, first, last: first + step - 1n, prefix: size };
      const obstacle = taken.find((other) => overlaps(candidate, other));
      if (obstacle === undefined) return candidate;
      // Behind the obstacle at once: a route to 10.0.0.0/8 would otherwise be met 60 000 times.
      const next = (obstacle.last / step + 1n) * step;
      first = next > first ? next : first + step;
    }
  }
  throw new ConflictError('could not find free subnet from subnet pools', {
    hint: 'name one with --subnet, or remove networks that nobody uses: `tspod network prune`',
  });
}

/** A random one below fd00::/8, as RFC 4193 wants it. */
export function freeIpv6Subnet(taken: readonly Subnet[]): Subnet {
  for (let attempt = 0; attempt < 100; attempt++) {
    const groups = /^(.{2})(.{4})(.{4})(.{4})/.exec(newId()) ?? [];
    const candidate = parseSubnet(`fd${groups[1]}:${groups[2]}:${groups[3]}:${groups[4]}::/64`);
    if (candidate !== undefined && !taken.some((other) => overlaps(candidate, other))) return candidate;
  }
  throw new ConflictError('could not find free random IPv6 subnet');
}

export function subnetText(subnet: Subnet): string {
  return `${formatIp({ family: subnet.family, value: subnet.first })}/${subnet.prefix}`;
}

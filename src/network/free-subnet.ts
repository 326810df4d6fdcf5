import { SUBNET_POOLS, type SubnetPool } from '../base/containers-conf-keys.ts';
import { ConflictError, InvalidSpecError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { formatIp, overlaps, parseSubnet, type Subnet } from './ip-address.ts';

/** The first subnet of the pools that overlaps none of `taken`. */
export function freeIpv4Subnet(
  taken: readonly Subnet[],
  pools: readonly SubnetPool[] = SUBNET_POOLS,
): Subnet {
  for (const each of pools) {
    const pool = poolSubnet(each);
    const step = 1n << BigInt(32 - each.size);
    for (let first = pool.first; first <= pool.last; ) {
      const candidate: Subnet = { family: 4, first, last: first + step - 1n, prefix: each.size };
      const obstacle = taken.find((other) => overlaps(candidate, other));
      if (obstacle === undefined) return candidate;
      // Behind the obstacle at once: a route to 10.0.0.0/8 would otherwise be met 60 000 times.
      const next = (obstacle.last / step + 1n) * step;
      first = next > first ? next : first + step;
    }
  }
  throw new ConflictError('could not find free subnet from subnet pools', {
    hint: `all of ${pools.map(({ base }) => base).join(', ')} is taken by networks or routes of this host: name a subnet with --subnet, or remove networks that nobody uses: \`tspod network prune\``,
  });
}

/** Smaller ones leave no address beside those of the network, its gateway and its broadcast. */
const SMALLEST_PREFIX = 30;

function poolSubnet({ base, size }: SubnetPool): Subnet {
  const pool = parseSubnet(base);
  if (pool?.family !== 4)
    throw new InvalidSpecError(`default_subnet_pools in containers.conf: ${base} is not an IPv4 subnet`);
  if (size < pool.prefix || size > SMALLEST_PREFIX)
    throw new InvalidSpecError(
      `default_subnet_pools in containers.conf: size ${size} of ${base} is not between ${pool.prefix} and ${SMALLEST_PREFIX}`,
    );
  return pool;
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

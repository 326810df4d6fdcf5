import { readFileSync } from 'node:fs';
import { formatIp, parseSubnet, type Subnet } from './ip-address.ts';

/** What the host has routes to, default routes aside. */
export function routedSubnets(): Subnet[] {
  return [...parseRoutes(routingTable()), ...parseIpv6Routes(read('/proc/net/ipv6_route'))];
}

export function routingTable(): string {
  return read('/proc/net/route');
}

/** Addresses and masks are hexadecimal in the byte order of the machine: little endian on all that Node runs on. */
export function parseRoutes(table: string): Subnet[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [destination, mask] = [fields[1], fields[7]];
      if (destination === undefined || mask === undefined) return [];
      const bits = Buffer.from(mask, 'hex').readUInt32LE();
      if (bits === 0) return [];
      const prefix = 32 - Math.log2(2 ** 32 - bits);
      const value = BigInt(Buffer.from(destination, 'hex').readUInt32LE());
      return parseSubnet(`${formatIp({ family: 4, value })}/${prefix}`) ?? [];
    });
}

/** Global and unique local destinations only: every link has fe80::/64. */
function parseIpv6Routes(table: string): Subnet[] {
  return table.split('\n').flatMap((line) => {
    const [destination, prefix] = line.trim().split(/\s+/);
    if (destination === undefined || prefix === undefined || !/^[23fF]/.test(destination)) return [];
    if (/^f[ef]/i.test(destination)) return [];
    const bits = Number.parseInt(prefix, 16);
    if (bits === 0) return [];
    return parseSubnet(`${formatIp({ family: 6, value: BigInt(`0x${destination}`) })}/${bits}`) ?? [];
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

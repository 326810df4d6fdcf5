import { readFileSync } from 'node:fs';

/** Names of all interfaces of this network namespace; /sys may show another one's. */
export function interfaceNames(): Set<string> {
  const lines = readFileSync('/proc/net/dev', 'latin1').split('\n').slice(2);
  return new Set(lines.map((line) => line.slice(0, Math.max(line.indexOf(':'), 0)).trim()));
}

/** The interface of the IPv4 default route. */
export function defaultInterface(): string | undefined {
  const rows = readFileSync('/proc/net/route', 'latin1').split('\n').slice(1);
  return rows
    .map((row) => row.split('\t'))
    .find((row) => row[1] === '00000000' && row[7] === '00000000')?.[0];
}

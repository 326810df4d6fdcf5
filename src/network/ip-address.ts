import { ipFamily } from '../base/ip-family.ts';

/** An address as a number, so that neighbours are one apart. */
export interface IpAddress {
  family: 4 | 6;
  value: bigint;
}

export interface Subnet {
  family: 4 | 6;
  /** First and last address of it, network and broadcast address included. */
  first: bigint;
  last: bigint;
  prefix: number;
}

/** Undefined for anything but a plain address; a zone (`fe80::1%eth0`) is not part of one. */
export function parseIp(text: string): IpAddress | undefined {
  const family = ipFamily(text);
  if (family === 4) return { family, value: fromV4(text) };
  if (family === 6 && !text.includes('%')) return { family, value: fromV6(text) };
  return undefined;
}

export function formatIp(address: IpAddress): string {
  return address.family === 4 ? toV4(address.value) : toV6(address.value);
}

/** `10.1.2.0/24`; bits behind the prefix are ignored. */
export function parseSubnet(text: string): Subnet | undefined {
  const slash = text.indexOf('/');
  const address = parseIp(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (slash < 0 || address === undefined || !/^\d{1,3}$/.test(digits)) return undefined;
  const width = address.family === 4 ? 32 : 128;
  const prefix = Number(digits);
  if (prefix > width) return undefined;
  const size = 1n << BigInt(width - prefix);
  const first = (address.value / size) * size;
  return { family: address.family, first, last: first + size - 1n, prefix };
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

export function contains(subnet: Subnet, address: IpAddress): boolean {
  return subnet.family === address.family && subnet.first <= address.value && address.value <= subnet.last;
}

export function isLoopback(text: string): boolean {
  const address = parseIp(text.replace(/%.*$/, ''));
  if (address === undefined) return false;
  if (address.family === 4) return address.value >> 24n === 127n;
  return address.value === 1n || address.value >> 24n === 0xffff7fn;
}

function fromV4(text: string): bigint {
  return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function fromV6(text: string): bigint {
  const tail = /(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[1];
  let groups = text;
  if (tail !== undefined) {
    const value = fromV4(tail);
    groups = `${text.slice(0, -tail.length)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  }
  const [head = '', rest] = groups.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...(rest === undefined ? [] : zeros), ...after].reduce(
    (sum, part) => (sum << 16n) + BigInt(`0x${part}`),
    0n,
  );
}

function toV4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
}

/** The short form: the longest run of two or more zero groups becomes `::`. */
function toV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

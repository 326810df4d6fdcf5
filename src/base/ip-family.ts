/**
 * 4, 6 or 0 for the textual form of an IP address (RFC 4291 §2.2; a zone after % is accepted for IPv6), as `isIP` of node:net
 * tells it, whose loading costs more than all address work of a command.
 */
export function ipFamily(text: string): 0 | 4 | 6 {
  if (isIpv4(text)) return 4;
  return isIpv6(text) ? 6 : 0;
}

export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIpv6(text: string): boolean {
  const percent = text.indexOf('%');
  if (percent === text.length - 1 && percent >= 0) return false;
  const address = percent < 0 ? text : text.slice(0, percent);
  const halves = address.split('::');
  if (halves.length > 2 || address === '') return false;
  const counts = halves.map((half, index) => groupCount(half, index === halves.length - 1));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (Number.isNaN(total)) return false;
  // `::` stands for at least one group.
  return halves.length === 2 ? total <= 7 : total === 8;
}

/** NaN when it is malformed; an IPv4 tail counts as two. */
function groupCount(half: string, isLast: boolean): number {
  if (half === '') return 0;
  const groups = half.split(':');
  const tail = groups.at(-1) ?? '';
  const dotted = isLast && tail.includes('.');
  if (dotted && !isIpv4(tail)) return Number.NaN;
  const plain = dotted ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return Number.NaN;
  return plain.length + (dotted ? 2 : 0);
}

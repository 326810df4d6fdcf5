import { InvalidSpecError } from '../base/errors.ts';
import { contains, formatIp, type IpAddress, parseIp, parseSubnet, type Subnet } from './ip-address.ts';
import type { NetworkSubnet } from './network-definition.ts';

type LeaseRange = NonNullable<NetworkSubnet['lease_range']>;

export interface SubnetTexts {
  subnets: readonly string[];
  /** The first belongs to the first subnet, and so on; fewer are fine. */
  gateways: readonly string[];
  ranges: readonly string[];
}

/** `--subnet`, `--gateway` and `--ip-range` as a definition holds them. Gateways come with `withGateway`, given or the first address. */
export function subnetsFrom(texts: SubnetTexts, withGateway: boolean): NetworkSubnet[] {
  const { subnets, gateways, ranges } = texts;
  if (subnets.length === 0 && gateways.length + ranges.length > 0)
    throw new InvalidSpecError('cannot set gateway or range without subnet');
  if (gateways.length > subnets.length || ranges.length > subnets.length)
    throw new InvalidSpecError('cannot set more gateways or ranges than subnets');
  return subnets.map((text, index) => {
    const subnet = subnetOf(text);
    return { ...describe(subnet, gateways[index], withGateway), ...leaseRange(subnet, ranges[index]) };
  });
}

/** Each address beside the subnet that it is in. */
export function withAuxiliary(
  subnets: readonly NetworkSubnet[],
  addresses: Readonly<Record<string, string>>,
): NetworkSubnet[] {
  const left = new Map(Object.entries(addresses).map(([name, text]) => [name, auxiliary(name, text)]));
  const result = subnets.map((subnet) => {
    const parsed = parseSubnet(subnet.subnet);
    const own = [...left].filter(([, address]) => parsed !== undefined && contains(parsed, address));
    for (const [name] of own) left.delete(name);
    const aux = Object.fromEntries(own.map(([name, address]) => [name, formatIp(address)]));
    return own.length === 0 ? subnet : { ...subnet, aux_addresses: aux };
  });
  const [surplus] = left.values();
  if (surplus !== undefined)
    throw new InvalidSpecError(`no matching subnet for aux-address ${formatIp(surplus)}`);
  return result;
}

function auxiliary(name: string, text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined)
    throw new InvalidSpecError(`invalid aux-address ${name}=${text}: not an IP address`);
  return address;
}

/** A subnet of whose parts nothing was said. */
export function plainSubnet(subnet: Subnet, withGateway: boolean): NetworkSubnet {
  return describe(subnet, undefined, withGateway);
}

function subnetOf(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet === undefined) throw new InvalidSpecError(`invalid subnet "${text}": must be ADDRESS/BITS`);
  if (subnet.last - subnet.first < 2n)
    throw new InvalidSpecError(`subnet ${text} is too small: there is no room for a gateway and a container`);
  return subnet;
}

function describe(subnet: Subnet, gateway: string | undefined, withGateway: boolean): NetworkSubnet {
  const text = `${formatIp({ family: subnet.family, value: subnet.first })}/${subnet.prefix}`;
  if (gateway !== undefined && gateway !== '')
    return { subnet: text, gateway: gatewayIn(subnet, gateway, text) };
  if (!withGateway) return { subnet: text };
  return { subnet: text, gateway: formatIp({ family: subnet.family, value: subnet.first + 1n }) };
}

function gatewayIn(subnet: Subnet, text: string, shown: string): string {
  const address = parseIp(text);
  if (address === undefined) throw new InvalidSpecError(`invalid gateway "${text}": not an IP address`);
  if (!contains(subnet, address)) throw new InvalidSpecError(`gateway ${text} not in subnet ${shown}`);
  return formatIp(address);
}

/** `ADDRESS/BITS`, or `FIRST-LAST`. */
function leaseRange(subnet: Subnet, text: string | undefined): Pick<NetworkSubnet, 'lease_range'> {
  if (text === undefined || text === '') return {};
  const [first, last] = endsOf(text);
  if (!contains(subnet, first) || !contains(subnet, last))
    throw new InvalidSpecError(`ip range ${text} is outside of its subnet`);
  return { lease_range: { start_ip: formatIp(first), end_ip: formatIp(last) } };
}

/** The range as it was asked for: `ADDRESS/BITS` where it is one, otherwise `FIRST-LAST`. */
export function leaseRangeText({ start_ip: start = '', end_ip: end = '' }: LeaseRange): string {
  const last = parseIp(end);
  for (let prefix = last?.family === 4 ? 32 : 128; last !== undefined && prefix >= 0; prefix--) {
    const subnet = parseSubnet(`${start}/${prefix}`);
    if (subnet === undefined || subnet.last !== last.value) continue;
    const text = `${formatIp({ family: subnet.family, value: subnet.first })}/${prefix}`;
    if (formatIp(endsOf(text)[0]) === start) return text;
  }
  return `${start}-${end}`;
}

function endsOf(text: string): [IpAddress, IpAddress] {
  const range = parseSubnet(text);
  if (range !== undefined) {
    const { family, first, last } = range;
    return [
      { family, value: last === first ? first : first + 1n },
      { family, value: last },
    ];
  }
  const dash = text.indexOf('-');
  const first = parseIp(text.slice(0, Math.max(dash, 0)));
  const last = parseIp(text.slice(dash + 1));
  if (first === undefined || last === undefined || first.family !== last.family || first.value > last.value)
    throw new InvalidSpecError(`invalid ip range "${text}": must be ADDRESS/BITS or FIRST-LAST`);
  return [first, last];
}

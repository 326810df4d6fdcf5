import { InvalidSpecError } from '../base/errors.ts';

/** Options of a driver as netavark reads them, and what docker's spelling says about other fields of the definition. */
export interface NetworkOptions {
  options: Record<string, string>;
  networkInterface: string | undefined;
}

/** docker's names; `value`: only this one, which is what happens anyway, is accepted. */
const DOCKER_OPTIONS: Readonly<Record<string, { becomes: string } | { value: boolean }>> = {
  'com.docker.network.driver.mtu': { becomes: 'mtu' },
  'com.docker.network.bridge.name': { becomes: 'interface' },
  'com.docker.network.bridge.enable_icc': { value: true },
  'com.docker.network.bridge.enable_ip_masquerade': { value: true },
  'com.docker.network.bridge.default_bridge': { value: false },
};

const MACVLAN_MODES = ['bridge', 'private', 'vepa', 'passthru'];
const IPVLAN_MODES = ['l2', 'l3', 'l3s'];

/** Checks each option and its value; one that the driver does not know is refused by name. */
export function driverOptions(driver: string, given: Readonly<Record<string, string>>): NetworkOptions {
  const result: NetworkOptions = { options: {}, networkInterface: undefined };
  for (const [name, value] of Object.entries(given)) {
    const docker = DOCKER_OPTIONS[name];
    if (docker !== undefined && 'value' in docker) {
      if (booleanOf(name, value) !== docker.value)
        throw new InvalidSpecError(`unsupported value of the network option ${name}: ${value}`);
      continue;
    }
    const known = docker?.becomes ?? name;
    if (known === 'interface' || (known === 'parent' && driver !== 'bridge'))
      result.networkInterface = interfaceName(value);
    else result.options[known] = checkedValue(driver, known, value);
  }
  return result;
}

/** The kernel's rule for names of interfaces. */
export function interfaceName(text: string): string {
  if (!/^[^\s/:]{1,15}$/.test(text) || text === '.' || text === '..')
    throw new InvalidSpecError(
      `invalid interface name ${JSON.stringify(text)}: at most 15 characters without spaces, "/" and ":"`,
    );
  return text;
}

function checkedValue(driver: string, name: string, value: string): string {
  switch (`${driver} ${name}`) {
    case 'bridge mtu':
    case 'macvlan mtu':
    case 'ipvlan mtu':
      return numberBetween(name, value, [0, 65535]);
    case 'bridge vlan':
      return numberBetween(name, value, [0, 4094]);
    case 'bridge metric':
    case 'macvlan metric':
    case 'ipvlan metric':
      return numberBetween(name, value, [0, 4294967295]);
    case 'macvlan bclim':
      return numberBetween(name, value, [-1, 2147483647]);
    case 'bridge isolate':
      return value === 'strict' ? value : String(booleanOf(name, value));
    case 'bridge no_default_route':
    case 'macvlan no_default_route':
    case 'ipvlan no_default_route':
      return String(booleanOf(name, value));
    case 'bridge vrf':
      return interfaceName(value);
    case 'bridge mode':
      return oneOf(name, value, ['managed', 'unmanaged']);
    case 'macvlan mode':
      return oneOf(name, value, MACVLAN_MODES);
    case 'ipvlan mode':
      return oneOf(name, value, IPVLAN_MODES);
    default:
      throw new InvalidSpecError(`unsupported ${driver} network option ${name}`);
  }
}

function numberBetween(name: string, value: string, [least, most]: [number, number]): string {
  const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return String(number);
  throw new InvalidSpecError(
    `network option ${name} must be a number from ${least} to ${most}, not "${value}"`,
  );
}

function booleanOf(name: string, value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new InvalidSpecError(`network option ${name} must be true or false, not "${value}"`);
}

function oneOf(name: string, value: string, values: readonly string[]): string {
  if (values.includes(value)) return value;
  throw new InvalidSpecError(
    `unknown value of the network option ${name}: "${value}", choose ${values.join(', ')}`,
  );
}

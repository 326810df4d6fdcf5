import { ConflictError, UsageError } from '../../base/errors.ts';
import { dockerNetwork, dockerNetworkOf } from '../../engine/docker-network.ts';
import { listDockerNetworks } from '../../engine/docker-networks.ts';
import {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  findNetwork,
  pruneNetworks,
  removeNetwork,
} from '../../engine/networks.ts';
import { flagIn, numberIn, objectIn, objectsIn, textIn, textMapIn, textsIn } from '../body.ts';
import type { Handler } from '../exchange.ts';
import { type JsonObject, readJson } from '../read-body.ts';
import { sendEmpty, sendJson } from '../respond.ts';
import { pairs } from './create-body.ts';

const MTU = 'com.docker.network.driver.mtu';
const BRIDGE_NAME = 'com.docker.network.bridge.name';

export const list: Handler = (exchange) => {
  const { engine, query } = exchange;
  const networks = listDockerNetworks(engine, query.filters());
  sendJson(
    exchange,
    200,
    networks.map((network) => dockerNetworkOf(engine, network)),
  );
};

export const inspect: Handler = (exchange) =>
  sendJson(exchange, 200, dockerNetwork(exchange.engine, exchange.params['id'] ?? ''));

export const create: Handler = async (exchange) => {
  const body = await readJson(exchange);
  const name = textIn(body, 'Name');
  if (name === undefined) throw new UsageError('the name of the network is missing');
  if (flagIn(body, 'Ingress')) throw new UsageError('networks with Ingress are not supported');
  const scope = textIn(body, 'Scope') ?? 'local';
  if (scope !== 'local')
    throw new UsageError(
      `networks of the scope ${JSON.stringify(scope)} are not supported: there are no clusters`,
    );
  const network = await createNetwork(exchange.engine, {
    name,
    driver: textIn(body, 'Driver') ?? 'bridge',
    ...addresses(objectIn(body, 'IPAM')),
    ...options(textMapIn(body, 'Options')),
    internal: flagIn(body, 'Internal') ?? false,
    attachable: flagIn(body, 'Attachable') ?? false,
    ipv4: flagIn(body, 'EnableIPv4') ?? true,
    ipv6: flagIn(body, 'EnableIPv6') ?? false,
    configOnly: flagIn(body, 'ConfigOnly') ?? false,
    configFrom: textIn(objectIn(body, 'ConfigFrom'), 'Network'),
    disableDns: false,
    dnsServers: [],
    labels: textMapIn(body, 'Labels'),
    routes: [],
  });
  sendJson(exchange, 201, { Id: network.id, Warning: '' });
};

function addresses(ipam: JsonObject) {
  const configs = objectsIn(ipam, 'Config');
  const all = (key: string): string[] => configs.flatMap((config) => textIn(config, key) ?? []);
  const driver = textIn(ipam, 'Driver');
  return {
    subnets: all('Subnet'),
    gateways: all('Gateway'),
    ipRanges: all('IPRange'),
    ipamDriver: driver === 'default' ? undefined : driver,
    ipamOptions: textMapIn(ipam, 'Options'),
    auxAddresses: Object.assign(
      {},
      ...configs.map((config) => textMapIn(config, 'AuxiliaryAddresses')),
    ) as Record<string, string>,
  };
}

function options({ [MTU]: mtu, [BRIDGE_NAME]: bridge, ...others }: Record<string, string>) {
  return { options: { ...others, ...(mtu === undefined ? {} : { mtu }) }, interfaceName: bridge };
}

export const remove: Handler = async (exchange) => {
  try {
    await removeNetwork(exchange.engine, exchange.params['id'] ?? '');
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    const { message, dockerMessage: docker = message } = error;
    throw new NotToRemoveError(message, { cause: error, docker });
  }
  sendEmpty(exchange, 204);
};

/** docker's status for a network that has containers, or was there before all others, is not that of other things in use. */
class NotToRemoveError extends ConflictError {
  override readonly httpStatus: number = 403;
}

export const connect: Handler = async (exchange) => {
  const body = await readJson(exchange);
  const endpoint = objectIn(body, 'EndpointConfig');
  const ipam = objectIn(endpoint, 'IPAMConfig');
  const { name } = findNetwork(exchange.engine, exchange.params['id'] ?? '');
  await connectNetwork(exchange.engine, name, containerIn(body), {
    aliases: textsIn(endpoint, 'Aliases'),
    ip: textIn(ipam, 'IPv4Address'),
    ip6: textIn(ipam, 'IPv6Address'),
    mac: textIn(endpoint, 'MacAddress'),
    gatewayPriority: numberIn(endpoint, 'GwPriority'),
    driverOptions: pairs(textMapIn(endpoint, 'DriverOpts')),
    links: textsIn(endpoint, 'Links'),
  });
  sendEmpty(exchange, 200);
};

export const disconnect: Handler = async (exchange) => {
  const body = await readJson(exchange);
  const { name } = findNetwork(exchange.engine, exchange.params['id'] ?? '');
  await disconnectNetwork(exchange.engine, name, containerIn(body), {
    force: flagIn(body, 'Force') ?? false,
  });
  sendEmpty(exchange, 200);
};

export const prune: Handler = async (exchange) => {
  const { removed } = await pruneNetworks(exchange.engine, exchange.query.filters());
  sendJson(exchange, 200, { NetworksDeleted: removed });
};

function containerIn(body: JsonObject): string {
  const container = textIn(body, 'Container');
  if (container === undefined) throw new UsageError('the container is missing');
  return container.replace(/^\//, '');
}

import { NotFoundError, UnsupportedError, UsageError } from '../../base/errors.ts';
import {
  connectNetwork,
  createNetwork,
  disconnectNetwork,
  findNetwork,
  inspectNetwork,
  listNetworks,
  networkExists,
  pruneNetworks,
  removeNetwork,
  updateNetwork,
} from '../../engine/networks.ts';
import { flagIn, objectsIn, textIn, textMapIn, textsIn } from '../body.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { type JsonObject, readJson } from '../read-body.ts';
import { sendEmpty, sendJson } from '../respond.ts';

/** The definitions are podman's own. */
export const list: Handler = (exchange) =>
  sendJson(exchange, 200, listNetworks(exchange.engine, exchange.query.filters()));

export const inspect: Handler = async (exchange) =>
  sendJson(exchange, 200, await inspectNetwork(exchange.engine, nameOf(exchange)));

export const exists: Handler = (exchange) => {
  const name = nameOf(exchange);
  if (!networkExists(exchange.engine, name))
    throw new NotFoundError('network', name, { message: `${name}: network not found` });
  sendEmpty(exchange, 204);
};

export const create: Handler = async (exchange) => {
  const body = await readJson(exchange);
  const ignoreExisting = body['ignore_if_exists'] === true || exchange.query.flag('ignore');
  const network = await createNetwork(exchange.engine, networkIn(body), { ignoreExisting });
  sendJson(exchange, 200, network);
};

function networkIn(body: JsonObject): Parameters<typeof createNetwork>[1] {
  const subnets = objectsIn(body, 'subnets');
  const ipam = textMapIn(body, 'ipam_options')['driver'];
  return {
    name: textIn(body, 'name'),
    driver: textIn(body, 'driver') ?? 'bridge',
    subnets: subnets.flatMap((subnet) => textIn(subnet, 'subnet') ?? []),
    gateways: subnets.flatMap((subnet) => textIn(subnet, 'gateway') ?? []),
    ipRanges: subnets.flatMap(leaseRange),
    ipamDriver: ipam,
    options: textMapIn(body, 'options'),
    interfaceName: textIn(body, 'network_interface'),
    internal: flagIn(body, 'internal') ?? false,
    ipv6: flagIn(body, 'ipv6_enabled') ?? false,
    disableDns: flagIn(body, 'dns_enabled') === false,
    dnsServers: textsIn(body, 'network_dns_servers'),
    labels: textMapIn(body, 'labels'),
    routes: routesIn(body),
  };
}

function leaseRange(subnet: JsonObject): string[] {
  const range = (subnet['lease_range'] ?? {}) as JsonObject;
  const [first, last] = [textIn(range, 'start_ip'), textIn(range, 'end_ip')];
  if (first === undefined && last === undefined) return [];
  if (first === undefined || last === undefined)
    throw new UsageError('a lease_range needs start_ip and end_ip');
  return [`${first}-${last}`];
}

function routesIn(body: JsonObject): [] {
  if (objectsIn(body, 'routes').length > 0)
    throw new UnsupportedError('routes of a network are not supported by this API: use the command line');
  return [];
}

export const update: Handler = async (exchange) => {
  const body = await readJson(exchange);
  // podman decodes the names of members in any case.
  const list = (name: string): string[] => {
    const key = Object.keys(body).find((member) => member.toLowerCase() === name);
    return key === undefined ? [] : textsIn(body, key);
  };
  const change = { add: list('adddnsservers'), drop: list('removednsservers') };
  await updateNetwork(exchange.engine, nameOf(exchange), change);
  sendEmpty(exchange, 204);
};

/** The report of each: here, of one. */
export const remove: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const Name = await removeNetwork(engine, nameOf(exchange), {
    force: query.flag('force'),
    timeout: query.integer('timeout'),
  });
  sendJson(exchange, 200, [{ Name, Err: null }]);
};

export const connect: Handler = async (exchange) => {
  const body = await readJson(exchange);
  const { name } = findNetwork(exchange.engine, nameOf(exchange));
  const addresses = textsIn(body, 'static_ips');
  await connectNetwork(exchange.engine, name, containerIn(body, 'container'), {
    aliases: textsIn(body, 'aliases'),
    ip: addresses.find((address) => !address.includes(':')),
    ip6: addresses.find((address) => address.includes(':')),
    mac: textIn(body, 'static_mac'),
    interfaceName: textIn(body, 'interface_name'),
  });
  sendJson(exchange, 200, 'OK');
};

export const disconnect: Handler = async (exchange) => {
  const body = await readJson(exchange);
  const { name } = findNetwork(exchange.engine, nameOf(exchange));
  const force = flagIn(body, 'Force') ?? false;
  await disconnectNetwork(exchange.engine, name, containerIn(body, 'Container'), { force });
  sendJson(exchange, 200, 'OK');
};

export const prune: Handler = async (exchange) => {
  const { removed } = await pruneNetworks(exchange.engine, exchange.query.filters());
  sendJson(
    exchange,
    200,
    removed.map((Name) => ({ Name, Error: null })),
  );
};

function containerIn(body: JsonObject, member: string): string {
  const container = textIn(body, member);
  if (container === undefined) throw new UsageError('the container is missing');
  return container;
}

function nameOf({ params }: Exchange): string {
  return params['name'] ?? '';
}

import { InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { NewNetwork, Surroundings } from './compose-network.ts';
import type { NetworkDefinition } from './network-definition.ts';
import { leaseRangeText, subnetsFrom, withAuxiliary } from './subnet-requests.ts';

/** docker's networks that are only a configuration: others are made of it, and no container can be on it. */
export function configOnlyNetwork(name: string, request: NewNetwork): NetworkDefinition {
  const { subnets = [], gateways = [], ipRanges = [], labels = {}, options = {} } = request;
  if (request.configFrom)
    throw new InvalidSpecError('a configuration network cannot depend on another configuration network');
  if (request.internal || request.attachable)
    throw new InvalidSpecError(
      'a configuration network cannot be internal or attachable: the networks made of it are',
    );
  const own = withAuxiliary(
    subnetsFrom({ subnets, gateways, ranges: ipRanges }, false),
    request.auxAddresses ?? {},
  );
  return {
    name,
    id: newId(),
    driver: 'null',
    created: new Date().toISOString(),
    config_only: true,
    ...(own.length === 0 ? {} : { subnets: own }),
    ipv6_enabled: request.ipv6 === true,
    internal: false,
    dns_enabled: false,
    ...(Object.keys(labels).length === 0 ? {} : { labels: { ...labels } }),
    ...(Object.keys(options).length === 0 ? {} : { options: { ...options } }),
    ipam_options: { ...request.ipamOptions, driver: request.ipamDriver || 'host-local' },
  };
}

/** A request with what the configuration network that it names says. Throws NotFoundError. */
export function fromConfigNetwork(request: NewNetwork, { networks }: Surroundings): NewNetwork {
  const { configFrom = '' } = request;
  const config = networks.find(({ name, id }) => name === configFrom || id === configFrom);
  if (config === undefined)
    throw new NotFoundError('network', configFrom, { message: `network ${configFrom} not found` });
  if (config.config_only !== true)
    throw new InvalidSpecError(`network ${configFrom} is no configuration network`, {
      hint: 'make one by `network create --config-only`',
    });
  const given = [request.subnets, request.gateways, request.ipRanges].some((list) => list?.length);
  const maps = [request.labels, request.options, request.ipamOptions, request.auxAddresses];
  if (given || maps.some((map) => Object.keys(map ?? {}).length > 0) || request.ipv6)
    throw new InvalidSpecError(
      'addresses, labels and options cannot be given beside --config-from: they are those of the configuration network',
    );
  const { subnets = [], ipam_options: { driver, ...ipamOptions } = {} } = config;
  return {
    ...request,
    configFrom: config.name,
    subnets: subnets.map(({ subnet }) => subnet),
    gateways: subnets.map(({ gateway = '' }) => gateway),
    ipRanges: subnets.map(({ lease_range: range }) => (range === undefined ? '' : leaseRangeText(range))),
    auxAddresses: Object.assign({}, ...subnets.map(({ aux_addresses: aux }) => aux ?? {})) as Record<
      string,
      string
    >,
    ipv6: config.ipv6_enabled,
    labels: config.labels,
    options: config.options,
    ipamDriver: driver,
    ipamOptions,
  };
}

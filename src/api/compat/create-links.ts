import { NotFoundError, WrongStateError } from '../../base/errors.ts';
import { findContainer } from '../../engine/containers.ts';
import type { Engine } from '../../engine/engine.ts';
import { findNetwork, networkMembers } from '../../engine/networks.ts';
import { objectIn, textsIn } from '../body.ts';
import type { JsonObject } from '../read-body.ts';

/**
 * `CONTAINER[:ALIAS]` of HostConfig.Links and of the networks, as lines for /etc/hosts. The name of the container itself needs none: a network
 * answers it. `networks` in the words of --network.
 */
export function linkedHosts(engine: Engine, body: JsonObject, networks: readonly string[]): string[] {
  const links = new Set(linksIn(body));
  return [...links].flatMap((link) => {
    const at = link.indexOf(':');
    const target = at < 0 ? link : link.slice(0, at);
    const alias = at < 0 ? target : link.slice(at + 1);
    const record = findContainer(engine.db, target.replace(/^\//, ''));
    if (record === undefined)
      throw new NotFoundError('container', target, { message: `could not get container for ${target}` });
    const name = alias.replace(/^\//, '');
    const address = addressOf(engine, record.id, networks);
    if (address === undefined)
      throw new WrongStateError(
        `Cannot link to a non running container: /${record.name} AS ${name}, or to one on other networks`,
      );
    return name === record.name ? [] : [`${name}:${address}`];
  });
}

function linksIn(body: JsonObject): string[] {
  const endpoints = objectIn(objectIn(body, 'NetworkingConfig'), 'EndpointsConfig');
  return [
    ...textsIn(objectIn(body, 'HostConfig'), 'Links'),
    ...Object.keys(endpoints).flatMap((name) => textsIn(objectIn(endpoints, name), 'Links')),
  ];
}

/** On the first network that both are on. */
function addressOf(engine: Engine, id: string, networks: readonly string[]): string | undefined {
  for (const text of networks) {
    const [word = ''] = text.split(':');
    if (MODES.has(word)) continue;
    const { name } = findNetwork(engine, word === 'bridge' ? engine.config.network.defaultNetwork : word);
    const member = networkMembers(engine, name).find((one) => one.id === id);
    const address = member?.interfaces[0]?.addresses[0]?.ipnet.split('/')[0];
    if (address !== undefined) return address;
  }
  return undefined;
}

/** Without a network that others could be on. */
const MODES: ReadonlySet<string> = new Set([
  'none',
  'host',
  'container',
  'ns',
  'pasta',
  'slirp4netns',
  'private',
]);

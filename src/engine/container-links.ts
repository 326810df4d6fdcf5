import { InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { type ContainerRecord, findContainer, listContainers } from '../libpod/container.ts';
import { dropLink, markLinked } from '../libpod/container-links.ts';
import type { ContainerSpec, LinkSpec } from '../specgen/container-spec.ts';
import type { CreateRequest } from '../specgen/create-options.ts';
import type { Engine } from './engine.ts';

/** Docker's links: `CONTAINER[:ALIAS]`, also as its inspect tells them, `/CONTAINER:/OWNER/ALIAS`. */

/** Puts the links of a request into its specification; the containers that they lead to learn that there are some. */
export function addLinks(engine: Engine, spec: ContainerSpec, { options, extras }: CreateRequest): void {
  const { mode } = spec.network;
  if (mode.mode !== 'bridge')
    throw new InvalidSpecError(
      `conflicting options: ${mode.mode} type networking can't be used with links: they need a network`,
      { hint: 'give the container one: --network bridge' },
    );
  const onNetworks = (extras?.networkLinks ?? []).map(({ network, link }) => linkFrom(engine, link, network));
  const anywhere = (options.link ?? []).map((text) => linkFrom(engine, text));
  // docker's client says those of a network twice.
  const isTold = (link: LinkSpec): boolean =>
    onNetworks.some(({ containerId, alias }) => containerId === link.containerId && alias === link.alias);
  spec.network.links = withoutTwins([...onNetworks, ...anywhere.filter((link) => !isTold(link))]);
  markLinked(engine, spec.network.links);
}

/** Links of `network connect`. */
export function linksOn(engine: Engine, network: string, texts: readonly string[]): LinkSpec[] {
  const links = withoutTwins(texts.map((text) => linkFrom(engine, text, network)));
  markLinked(engine, links);
  return links;
}

function linkFrom(engine: Engine, text: string, network?: string): LinkSpec {
  const [first = '', second = first, ...more] = text.split(':');
  const target = first.replace(/^\//, '');
  const alias = second.slice(second.lastIndexOf('/') + 1);
  if (target === '' || alias === '' || more.length > 0)
    throw new InvalidSpecError(`bad format for links: ${text}: must be CONTAINER[:ALIAS]`);
  if (/[\s\p{Cc}#]/u.test(alias))
    throw new InvalidSpecError(`bad format for links: ${JSON.stringify(text)}: the alias must be one word`);
  const found = findContainer(engine.db, target);
  if (found === undefined)
    throw new NotFoundError('container', target, { message: `could not get container for ${target}` });
  return { containerId: found.id, target, alias, ...(network === undefined ? {} : { network }) };
}

function withoutTwins(links: readonly LinkSpec[]): LinkSpec[] {
  const byAlias = new Map<string, LinkSpec>();
  for (const link of links) {
    const key = `${link.network ?? ''}/${link.alias}`;
    const other = byAlias.get(key);
    if (other !== undefined && other.containerId !== link.containerId)
      throw new InvalidSpecError(
        `conflicting links: ${link.alias} would be both ${other.target} and ${link.target}`,
      );
    byAlias.set(key, link);
  }
  return [...byAlias.values()];
}

/** `rm --link`: takes the link away, of which docker's name is `OWNER/ALIAS`; both containers stay. Throws NotFoundError. */
export async function removeLink(engine: Engine, name: string): Promise<void> {
  const [parent = '', alias = '', ...more] = name.replace(/^\//, '').split('/');
  const owner = alias === '' || more.length > 0 ? undefined : findContainer(engine.db, parent);
  if (owner === undefined)
    throw new NotFoundError('link', name, {
      message: `no such link: ${name}`,
      hint: 'a link is named CONTAINER/ALIAS, after the container that has it',
    });
  await dropLink(engine, owner.id, alias);
}

/** Names by which others know it, as docker lists them: `/OWNER/ALIAS`. */
export function linkNames(engine: Engine, record: ContainerRecord): string[] {
  return listContainers(engine.db).flatMap(({ name, spec }) =>
    (spec.network.links ?? [])
      .filter(({ containerId, network }) => containerId === record.id && network === undefined)
      .map(({ alias }) => `/${name}/${alias}`),
  );
}

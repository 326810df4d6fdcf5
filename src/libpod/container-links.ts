import { messageOf, NotFoundError, WrongStateError } from '../base/errors.ts';
import { log } from '../base/log.ts';
import type { LinkSpec } from '../specgen/container-spec.ts';
import { transaction } from '../state/db.ts';
import {
  type ContainerRecord,
  getContainer,
  listContainers,
  lookupContainer,
  updateContainer,
} from './container.ts';
import { lockContainer } from './container-lock.ts';
import type { Libpod } from './context.ts';
import { finishNetworkFiles, linkedAddress } from './managed-files.ts';
import { observe } from './observe.ts';

/** What docker's links do beside the entries of /etc/hosts, which managed-files.ts writes. */

/**
 * The variables by which a container on the default network learns of those that it has links to. Throws WrongStateError when one of them
 * does not run, or cannot be reached from there. One that is gone is passed over: so is its link.
 */
export function linkEnvironment(libpod: Libpod, record: ContainerRecord): string[] {
  const own = new Set(record.spec.process.env.map((text) => text.split('=')[0]));
  return onDefaultNetwork(libpod, record)
    .flatMap((link) => {
      const target = getContainer(libpod.db, link.containerId);
      return target === undefined ? [] : variables(libpod, record, { link, target });
    })
    .filter((text) => !own.has(text.slice(0, text.indexOf('='))));
}

/** Those that docker calls legacy; on other networks there are only names. */
export function onDefaultNetwork({ config }: Pick<Libpod, 'config'>, { spec }: ContainerRecord): LinkSpec[] {
  const { mode, links = [] } = spec.network;
  const isDefault = mode.mode === 'bridge' && mode.networks[0]?.name === config.network.defaultNetwork;
  return isDefault ? links.filter(({ network }) => network === undefined) : [];
}

function variables(
  libpod: Libpod,
  record: ContainerRecord,
  { link, target }: { link: LinkSpec; target: ContainerRecord },
): string[] {
  const { network } = record.spec;
  const names = network.mode.mode === 'bridge' ? network.mode.networks.map(({ name }) => name) : [];
  const address = linkedAddress(libpod, names, link);
  const way = `/${target.name} AS /${record.name}/${link.alias}`;
  if (address === undefined)
    throw new WrongStateError(`cannot link to a non running container: ${way}`, {
      docker: `Cannot link to a non running container: ${way}`,
      hint: `start it first, on the network ${names[0] ?? ''}: tspod start ${target.name}`,
    });
  const prefix = link.alias.toUpperCase().replaceAll('-', '_');
  const ports = portsOf(target);
  const [lowest] = ports;
  return [
    `${prefix}_NAME=/${record.name}/${link.alias}`,
    ...(lowest === undefined ? [] : [`${prefix}_PORT=${lowest.protocol}://${address}:${lowest.port}`]),
    ...ports.flatMap(({ port, protocol }) => {
      const name = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
      return [
        `${name}=${protocol}://${address}:${port}`,
        `${name}_ADDR=${address}`,
        `${name}_PORT=${port}`,
        `${name}_PROTO=${protocol}`,
      ];
    }),
    ...target.spec.process.env
      .filter((text) => !/^(HOME|PATH)=/.test(text) && text.includes('='))
      .map((text) => `${prefix}_ENV_${text}`),
  ];
}

/** Exposed and published ones, the lowest first. */
function portsOf({ spec }: ContainerRecord): { port: number; protocol: string }[] {
  const published = spec.network.ports.flatMap(({ containerPort, protocol, range }) =>
    Array.from({ length: range }, (_, index) => `${containerPort + index}/${protocol}`),
  );
  return [...new Set([...spec.exposedPorts, ...published])]
    .map((text) => {
      const [port = '', protocol = 'tcp'] = text.split('/');
      return { port: Number(port), protocol };
    })
    .sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

/** Whoever starts one of them, or changes its networks, has to look for links from then on. */
export function markLinked(libpod: Libpod, links: readonly LinkSpec[]): void {
  for (const { containerId } of links)
    transaction(libpod.db, () => {
      const record = getContainer(libpod.db, containerId);
      if (record === undefined || record.spec.network.linked === true) return;
      const network = { ...record.spec.network, linked: true as const };
      updateContainer(libpod.db, containerId, { spec: { ...record.spec, network } });
    });
}

/** The container has other addresses: those that run and have a link to it learn them. Throws nothing. */
export function tellLinked(libpod: Libpod, id: string): void {
  for (const record of listContainers(libpod.db)) {
    if (!record.spec.network.links?.some(({ containerId }) => containerId === id)) continue;
    try {
      const now = observe(libpod, record);
      const { network } = now.facts;
      if ((now.state === 'running' || now.state === 'paused') && network !== undefined)
        finishNetworkFiles(libpod, now, network);
    } catch (error) {
      log(
        'warn',
        `cannot tell container ${record.name} the address that it has a link to: ${messageOf(error)}`,
      );
    }
  }
}

/** Throws NotFoundError when the container has no such link. */
export async function dropLink(libpod: Libpod, id: string, alias: string): Promise<void> {
  const lock = await lockContainer(libpod, id);
  try {
    const record = lookupContainer(libpod.db, id);
    const links = record.spec.network.links ?? [];
    const rest = links.filter((link) => link.alias !== alias || link.network !== undefined);
    if (rest.length === links.length)
      throw new NotFoundError('link', alias, { message: `no such link: /${record.name}/${alias}` });
    const changed = { ...record.spec, network: { ...record.spec.network, links: rest } };
    updateContainer(libpod.db, id, { spec: changed });
    const now = observe(libpod, { ...record, spec: changed });
    if (now.state === 'running' && now.facts.network !== undefined)
      finishNetworkFiles(libpod, now, now.facts.network);
  } finally {
    lock.release();
  }
}

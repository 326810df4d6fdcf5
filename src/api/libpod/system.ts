import { UnsupportedError, UsageError } from '../../base/errors.ts';
import { versionOfTspod } from '../../base/build-info.ts';
import { diskUsage, type ImageUsage } from '../../engine/disk-usage.ts';
import { generateService } from '../../engine/generate-systemd.ts';
import { pruneSystem } from '../../engine/prune-system.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { pruneReports } from './image-tools.ts';

export const df: Handler = async (exchange) => {
  const usage = await diskUsage(exchange.engine);
  sendJson(exchange, 200, {
    ImagesSize: usage.layersSize,
    Images: usage.images.map(imageOf),
    Containers: usage.containers.map((container) => ({
      ContainerID: container.id,
      Image: container.imageId,
      Command: container.command,
      LocalVolumes: container.volumes,
      Size: container.size,
      RWSize: container.size,
      Created: container.createdAt,
      Status: container.state,
      Names: container.name,
    })),
    Volumes: usage.volumes.map(({ name, links, size, reclaimable }) => ({
      VolumeName: name,
      Links: links,
      Size: size,
      ReclaimableSize: reclaimable,
    })),
  });
};

function imageOf({ image, containers, size, sharedSize }: ImageUsage): object {
  const [, repository = '<none>', tag = '<none>'] = /^(.*):([^:/]*)$/.exec(image.names[0] ?? '') ?? [];
  return {
    Repository: repository,
    Tag: tag,
    ImageID: image.id,
    Created: image.createdAt,
    Size: size,
    SharedSize: sharedSize,
    UniqueSize: size - sharedSize,
    Containers: containers,
  };
}

export const prune: Handler = async (exchange) => {
  const { engine, query } = exchange;
  if (query.flag('external')) throw new UnsupportedError('the parameter external is not supported');
  const report = await pruneSystem(engine, {
    all: query.flag('all'),
    volumes: query.flag('volumes') ? 'all' : 'none',
    filters: query.filters(),
  });
  const [failure] = report.failures;
  if (failure !== undefined) throw failure;
  const list = (removed: readonly string[]): object[] => pruneReports({ removed, failures: [] });
  sendJson(exchange, 200, {
    PodPruneReport: report.pods.map((id) => ({ Id: id, Err: null })),
    ContainerPruneReports: list(report.containers),
    ImagePruneReports: list(report.images),
    NetworkPruneReports: null,
    VolumePruneReports: list(report.volumes),
    ReclaimedSpace: report.reclaimed,
  });
};

/** Name of the unit to its text. */
export const generateSystemd: Handler = (exchange) => {
  const { engine, params, query } = exchange;
  for (const name of ['new', 'templateUnitFile'])
    if (query.flag(name))
      throw new UnsupportedError(
        `the parameter ${name} is not supported: call \`tspod generate systemd --new\` on the host`,
      );
  const { name, text } = generateService(engine, params['id'] ?? '', {
    createWords: undefined,
    after: unitNames(exchange, 'after'),
    wants: unitNames(exchange, 'wants'),
    requires: unitNames(exchange, 'requires'),
    environment: query.all('additionalEnvVariables'),
    containerPrefix: query.text('containerPrefix') ?? 'container',
    separator: query.text('separator') ?? '-',
    restartPolicy: restartPolicy(exchange),
    restartSec: query.integer('restartSec') || undefined,
    startTimeout: query.integer('startTimeout') || undefined,
    stopTimeout: query.integer('stopTimeout'),
    template: false,
    header: !query.flag('noHeader'),
    useName: query.flag('useName'),
    version: versionOfTspod(),
  });
  sendJson(exchange, 200, { [name]: text });
};

const POLICIES = ['no', 'on-success', 'on-failure', 'on-abnormal', 'on-watchdog', 'on-abort', 'always'];

function restartPolicy({ query }: Exchange): string {
  const policy = query.text('restartPolicy') ?? 'on-failure';
  if (POLICIES.includes(policy)) return policy;
  throw new UsageError(
    `${JSON.stringify(policy)} is not a valid restart policy: choose from ${POLICIES.join(', ')}`,
  );
}

/** A name with a space or a line break in it would be several. */
function unitNames({ query }: Exchange, parameter: string): string[] {
  const names = query.all(parameter);
  for (const name of names)
    if (!/^[\w:.\\@%-]+$/.test(name))
      throw new UsageError(`${JSON.stringify(name)} is not the name of a unit`);
  return names;
}

import { UsageError } from '../../../base/errors.ts';
import { pruneBuildContainers } from '../../../engine/build-cache.ts';
import {
  checkSystemFilters,
  pruneExternal,
  type PruneSystemReport,
  pruneSystem,
} from '../../../engine/prune-system.ts';
import { confirm } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import { humanSize } from '../../output/human-size.ts';
import { print, printLine } from '../../output/print.ts';
import { dockerDeletedImages } from '../image/deleted-images.ts';

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const engine = openEngine();
  const filters = (flags['filter'] as string[] | undefined) ?? [];
  const all = flags['all'] === true;
  const withVolumes = flags['volumes'] === true;
  await checkSystemFilters(engine, filters);
  if (flags['external'] === true) {
    if (all || withVolumes || filters.length > 0)
      throw new UsageError('--external cannot be combined with other options');
    printLine(`Total reclaimed space: ${humanSize(await pruneExternal(engine))}`);
    return 0;
  }
  if (asDocker && withVolumes && filters.some((filter) => filter.startsWith('until=')))
    throw new UsageError('the "until" filter is not supported with "--volumes"');
  if (flags['force'] !== true && !confirm(question({ all, withVolumes, filters, asDocker }))) return 0;
  // docker's --volumes spares volumes that somebody has given a name.
  const volumes = withVolumes ? (asDocker ? 'anonymous' : 'all') : 'none';
  if (flags['build'] === true) await pruneBuildContainers(engine);
  const report = await pruneSystem(engine, { all, volumes, filters });
  print(asDocker ? deletedInDocker(report) : deletedInPodman(report));
  printLine(`Total reclaimed space: ${humanSize(report.reclaimed)}`);
  if (report.failures.length > 0) throw new AggregateError(report.failures);
  return 0;
};

interface Wish {
  all: boolean;
  withVolumes: boolean;
  filters: readonly string[];
  asDocker: boolean;
}

function question({ all, withVolumes, filters, asDocker }: Wish): string {
  const indent = asDocker ? '  ' : '\t';
  const associated = asDocker ? 'associated to them' : 'associated with them';
  const kinds = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(withVolumes ? [`all ${asDocker ? 'anonymous ' : ''}volumes not used by at least one container`] : []),
    all ? `all images without at least one container ${associated}` : 'all dangling images',
    asDocker ? (all ? 'all build cache' : 'unused build cache') : 'all dangling build cache',
  ];
  const list = (items: readonly string[]): string => items.map((item) => `${indent}- ${item}\n`).join('');
  const filtered =
    asDocker && filters.length > 0 ? `\n  Items to be pruned will be filtered with:\n${list(filters)}` : '';
  const head = asDocker ? 'WARNING! This will remove:' : 'WARNING! This command removes:';
  return `${head}\n${list(kinds)}${filtered}\nAre you sure you want to continue? [y/N] `;
}

function deletedInPodman({ pods, containers, networks, volumes, images }: PruneSystemReport): string {
  const section = (kind: string, names: readonly string[]): string =>
    names.length === 0 ? '' : `Deleted ${kind}\n${names.join('\n')}\n`;
  return [
    section('Pods', pods),
    section('Containers', containers),
    section('Volumes', volumes),
    section('Images', images),
    section('Networks', networks),
  ].join('');
}

function deletedInDocker({
  pods,
  containers,
  networks,
  volumes,
  untagged,
  images,
}: PruneSystemReport): string {
  const section = (kind: string, names: readonly string[]): string =>
    names.length === 0 ? '' : `Deleted ${kind}:\n${names.join('\n')}\n\n`;
  return [
    section('Pods', pods),
    section('Containers', containers),
    section('Networks', networks),
    section('Volumes', volumes),
    dockerDeletedImages(untagged, images),
  ].join('');
}

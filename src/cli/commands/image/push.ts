import { writeFileSync } from 'node:fs';
import { UnsupportedError, UsageError } from '../../../base/errors.ts';
import type { Engine } from '../../../engine/engine.ts';
import { familiarName, type PullEvent } from '../../../engine/images.ts';
import {
  type BlobCompression,
  type ManifestFormat,
  type PushOptions,
  type PushReport,
  pushImage,
  tagsToPush,
} from '../../../engine/push-image.ts';
import type { CommandHandler } from '../../command.ts';
import type { FlagValues } from '../../flag.ts';
import { printLine } from '../../output/print.ts';
import { openPullProgress } from '../../output/pull-progress.ts';
import { registryAccess } from './registry-access.ts';

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const [name = '', destination] = args;
  const engine = openEngine();
  const platform = flags['platform'] as string | undefined;
  const options = {
    ...pushOptions(flags, engine),
    platform,
    ...(destination === undefined ? {} : { destination }),
  };
  const isQuiet = flags['quiet'] === true;
  if (flags['allTags'] !== true) {
    const report = await pushOne(engine, name, { options, isQuiet, asDocker });
    const digestFile = flags['digestfile'] as string | undefined;
    if (digestFile !== undefined) writeFileSync(digestFile, report.digest ?? '');
    return 0;
  }
  if (destination !== undefined) throw new UsageError('--all-tags takes one name and no destination');
  for (const tagged of tagsToPush(engine, name))
    await pushOne(engine, tagged, { options, isQuiet, asDocker });
  return 0;
};

/** Also for `manifest push`. */
export function pushOptions(flags: FlagValues, engine: Engine): PushOptions {
  const level = flags['compressionLevel'] as number | undefined;
  const compression = compressionOf(flags);
  const highest = compression === 'zstd' ? 22 : 9;
  if (level !== undefined && (level < 1 || level > highest))
    throw new UsageError(`--compression-level of ${compression ?? 'gzip'} is between 1 and ${highest}`);
  return {
    ...registryAccess(flags, engine),
    format: formatOf(flags['format'] as string | undefined),
    compression,
    compressionLevel: level,
    // Who names a compression wants it, as with podman.
    forceCompression:
      (flags['forceCompression'] as boolean | undefined) ?? flags['compressionFormat'] !== undefined,
  };
}

interface Task {
  options: PushOptions & { destination?: string; platform: string | undefined };
  isQuiet: boolean;
  asDocker: boolean;
}

async function pushOne(engine: Engine, name: string, task: Task): Promise<PushReport> {
  const { options, isQuiet, asDocker } = task;
  if (asDocker && !isQuiet) return pushAsDocker(engine, name, options);
  const progress = openPullProgress(isQuiet);
  try {
    const report = await pushImage(engine, name, options, progress.listener);
    if (asDocker) printLine(report.name);
    return report;
  } finally {
    progress.done();
  }
}

/** docker tells it on stdout, with layers by their diff ids. */
async function pushAsDocker(engine: Engine, name: string, options: Task['options']): Promise<PushReport> {
  const said = new Set<string>();
  const say = (event: PullEvent): void => {
    if (event.kind !== 'layer') return;
    const state = { exists: 'Layer already exists', done: 'Pushed', waiting: 'Preparing', downloading: '' };
    const line = `${event.digest.slice(7, 19)}: ${state[event.state]}`;
    if (state[event.state] === '' || said.has(line)) return;
    said.add(line);
    printLine(line);
  };
  let isAnnounced = false;
  const report = await pushImage(engine, name, options, (event) => {
    if (!isAnnounced)
      printLine(`The push refers to repository [${repositoryOf(options.destination ?? name)}]`);
    isAnnounced = true;
    say(event);
  });
  const tag = report.name.slice(report.name.lastIndexOf(':') + 1);
  printLine(`${tag}: digest: ${report.digest ?? ''} size: ${report.manifestSize}`);
  return report;
}

function repositoryOf(name: string): string {
  const tag = name.lastIndexOf(':');
  const repository = tag > name.lastIndexOf('/') ? name.slice(0, tag) : name;
  return familiarName(repository) === repository && !/^[^/]*[.:][^/]*\//.test(repository)
    ? `docker.io/${repository.includes('/') ? '' : 'library/'}${repository}`
    : repository;
}

function compressionOf(flags: FlagValues): BlobCompression | undefined {
  const format = flags['compressionFormat'] as string | undefined;
  if (format === 'zstd:chunked')
    throw new UnsupportedError('--compression-format zstd:chunked is not supported', { hint: 'use zstd' });
  if (format !== undefined) return format as BlobCompression;
  return flags['compress'] === true ? 'gzip' : undefined;
}

const FORMATS: Readonly<Record<string, ManifestFormat>> = {
  oci: 'oci',
  ociv1: 'oci',
  v2s2: 'v2s2',
  docker: 'v2s2',
};

function formatOf(text: string | undefined): ManifestFormat | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'v2s1')
    throw new UnsupportedError('--format v2s1 is not supported: registries no longer take it', {
      hint: 'use oci or v2s2',
    });
  const format = FORMATS[text];
  if (format === undefined)
    throw new UsageError(`unknown format ${JSON.stringify(text)}: choose oci or v2s2`);
  return format;
}

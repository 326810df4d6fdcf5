import { resolve } from 'node:path';
import { UsageError } from '../../../base/errors.ts';
import type { CheckpointCompression } from '../../../engine/checkpoint-archive.ts';
import {
  checkpointContainer,
  type CheckpointRequest,
  type CheckpointResult,
  requireCheckpointing,
} from '../../../engine/checkpoint-container.ts';
import type { ContainerRecord } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { printLine } from '../../output/print.ts';
import { forEachContainer } from './for-each-container.ts';
import { selectContainers } from './select-containers.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const begin = process.hrtime.bigint();
  const request = requestFrom(input);
  await requireCheckpointing(request);
  const engine = openEngine();
  const all = (record: ContainerRecord): boolean => record.state === 'running';
  if (request.archive !== undefined || request.image !== undefined) await requireOne(engine, input, all);
  const results: CheckpointResult[] = [];
  try {
    return await forEachContainer(
      engine,
      input,
      async (record) => void results.push(await checkpointContainer(engine, record, request)),
      { all, quiet: request.statistics },
    );
  } finally {
    if (request.statistics) printStatistics('checkpoint', begin, results);
  }
};

/** The second would take the place of the first. */
async function requireOne(
  engine: Engine,
  input: CommandInput,
  all: (record: ContainerRecord) => boolean,
): Promise<void> {
  if ((await selectContainers(engine, input, { all })).length > 1)
    throw new UsageError('--export and --create-image can only be used with one container');
}

function requestFrom({ flags }: CommandInput): CheckpointRequest {
  const flag = (name: string): boolean => flags[name] === true;
  const text = (name: string): string | undefined => flags[name] as string | undefined;
  const path = text('export');
  const compress = text('compress');
  if (compress !== undefined && path === undefined)
    throw new UsageError('--compress can only be used with --export');
  const compression = compressionOf(compress ?? 'zstd');
  const request: CheckpointRequest = {
    leaveRunning: flag('leaveRunning'),
    tcpEstablished: flag('tcpEstablished'),
    fileLocks: flag('fileLocks'),
    preCheckpoint: flag('preCheckpoint'),
    withPrevious: flag('withPrevious'),
    keep: flag('keep'),
    statistics: flag('printStats'),
    ignoreRootfs: flag('ignoreRootfs'),
    ignoreVolumes: flag('ignoreVolumes'),
    archive: path === undefined ? undefined : { path: resolve(path), compression },
    image: text('createImage'),
  };
  for (const name of ['ignoreRootfs', 'ignoreVolumes'] as const)
    if (request[name] && path === undefined)
      throw new UsageError(`--ignore-${name.slice(6).toLowerCase()} can only be used with --export`);
  return request;
}

function compressionOf(text: string): CheckpointCompression {
  const word = text.toLowerCase();
  if (word === 'gzip' || word === 'none' || word === 'zstd') return word;
  throw new UsageError(
    `selected compression algorithm (${JSON.stringify(text)}) not supported. Please select one from: gzip, none, zstd`,
  );
}

/** podman's document; its own duration is in microseconds too. */
export function printStatistics(what: string, begin: bigint, results: readonly unknown[]): void {
  if (results.length === 0) return;
  const duration = Number((process.hrtime.bigint() - begin) / 1000n);
  const document = { [`podman_${what}_duration`]: duration, container_statistics: results };
  printLine(JSON.stringify(document, undefined, 4));
}

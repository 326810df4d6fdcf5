import { UsageError } from '../../../base/errors.ts';
import { archiveIn, findCheckpointImage } from '../../../engine/checkpoint-image.ts';
import { type ContainerRecord, findContainer } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import {
  importContainer,
  importOnly,
  openCheckpointFile,
  requireRestoring,
  restoreContainer,
  type RestoreRequest,
  type RestoreResult,
} from '../../../engine/restore-container.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';
import { printStatistics } from './checkpoint.ts';
import { createHooks } from './create-request.ts';
import { selectContainers } from './select-containers.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const begin = process.hrtime.bigint();
  const { flags, args } = input;
  const request = requestFrom(input);
  const file = textIn(input, 'import');
  checkArguments(input, request, file);
  await requireRestoring(request);
  const engine = openEngine();
  const targets = file === undefined ? await findTargets(engine, input) : [{ name: undefined, file }];
  checkImportOnly(input, request, targets);
  const results: RestoreResult[] = [];
  try {
    await forEachObject(targets, async (target) => {
      const result = await restore(engine, target, { input, request });
      results.push(result);
      if (!request.statistics)
        printLine(args.length > 0 && target.name !== undefined ? target.name : result.Id);
    });
    return 0;
  } finally {
    if (flags['printStats'] === true) printStatistics('restore', begin, results);
  }
};

/** An archive, a container of the store, or the name of an image. */
type Target =
  | { name: undefined; file: string }
  | { name: string; record: ContainerRecord }
  | { name: string; image: string }
  | { name: string; error: unknown };

function requestFrom(input: CommandInput): RestoreRequest {
  const { flags } = input;
  const flag = (name: string): boolean => flags[name] === true;
  return {
    tcpEstablished: flag('tcpEstablished'),
    tcpClose: flag('tcpClose'),
    fileLocks: flag('fileLocks'),
    keep: flag('keep'),
    statistics: flag('printStats'),
    ignoreStaticIp: flag('ignoreStaticIp'),
    ignoreStaticMac: flag('ignoreStaticMac'),
    ignoreRootfs: flag('ignoreRootfs'),
    ignoreVolumes: flag('ignoreVolumes'),
    name: textIn(input, 'name'),
    pod: textIn(input, 'pod'),
    publish: Array.isArray(flags['publish']) ? flags['publish'] : [],
  };
}

function textIn({ flags }: CommandInput, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function checkArguments(
  { args, flags }: CommandInput,
  request: RestoreRequest,
  file: string | undefined,
): void {
  if (request.name !== undefined && request.tcpEstablished)
    throw new UsageError('--tcp-established cannot be used with --name');
  if (file !== undefined) {
    if (flags['all'] === true || flags['latest'] === true)
      throw new UsageError('cannot use --import with --all or --latest');
    if (args.length > 0) throw new UsageError('cannot use --import with positional arguments');
  }
  if (args.length > 1 && request.name !== undefined)
    throw new UsageError('--name can only be used with one checkpoint image');
}

function checkImportOnly(input: CommandInput, request: RestoreRequest, targets: readonly Target[]): void {
  if (targets.some((target) => !('record' in target) && !('error' in target))) return;
  const option = importOnly({ ...request, previous: textIn(input, 'importPrevious') !== undefined });
  if (option !== undefined) throw new UsageError(`${option} can only be used with image or --import`);
}

/** As podman: when none of the names is a container's, all of them are images. */
async function findTargets(engine: Engine, input: CommandInput): Promise<Target[]> {
  const { args } = input;
  if (args.length > 0 && args.every((name) => findContainer(engine.db, name) === undefined)) {
    const found = await Promise.all(args.map((name) => findCheckpointImage(engine, name)));
    if (found.some((image) => image !== undefined)) return args.map((name) => ({ name, image: name }));
  }
  return await selectContainers(engine, input, {
    all: (record) => record.checkpoint?.checkpointedAt !== undefined,
  });
}

async function restore(
  engine: Engine,
  target: Target,
  { input, request }: { input: CommandInput; request: RestoreRequest },
): Promise<RestoreResult> {
  if ('error' in target) throw target.error;
  if ('record' in target) return await restoreContainer(engine, target.record, request);
  const before = textIn(input, 'importPrevious');
  const previous = before === undefined ? undefined : openCheckpointFile(before);
  const archive = 'file' in target ? openCheckpointFile(target.file) : await archiveIn(engine, target.image);
  return await importContainer(engine, { archive, previous }, request, createHooks(engine, input));
}
